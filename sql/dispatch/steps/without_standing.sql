/* ---
title: {zh: 尚无派单的客户, en: Those on the list who have no order of the month yet}
inputs: [listed, standing_order]
--- */
SELECT *
FROM listed
WHERE customer_id NOT IN (SELECT customer_id FROM standing_order)
