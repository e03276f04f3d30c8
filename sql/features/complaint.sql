/* ---
title: {zh: 未结高级投诉, en: Customers with an open complaint of high severity}
owner: retention
key: [customer_id]
--- */
SELECT DISTINCT customer_id
FROM snapshot_trouble_ticket
WHERE category = 'complaint'
  AND severity = 'high'
  AND opened_on <= :last_day
  AND (closed_on IS NULL OR closed_on > :last_day)
