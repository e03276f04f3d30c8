/* ---
title: {zh: 派单到期日, en: "Each order's due day, by its list and the day it was listed for"}
inputs: [ordered, rule]
--- */
SELECT o.list, o.customer_id, r.due_on, r.is_provisional
FROM ordered AS o
JOIN rule AS r ON r.list = o.list AND r.listed_due_on IS NOT DISTINCT FROM o.listed_due_on
