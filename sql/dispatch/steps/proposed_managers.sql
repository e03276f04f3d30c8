/* ---
title: {zh: 上次建议的客户经理, en: Whom a customer without a manager was last proposed to in the two months before}
inputs: [wanted_order]
--- */
WITH proposed AS (
    SELECT 1 AS months_ago, list, customer_id, manager_id FROM m1.dispatch_order WHERE arm = 'treated'
    UNION ALL
    SELECT 2 AS months_ago, list, customer_id, manager_id FROM m2.dispatch_order WHERE arm = 'treated'
)
SELECT o.customer_id, o.manager_id
FROM proposed AS o
JOIN wanted_order AS w ON w.customer_id = o.customer_id AND w.list = o.list
WHERE w.assign = 'allocate' AND NOT w.can_work AND o.manager_id IS NOT NULL
QUALIFY ROW_NUMBER() OVER (PARTITION BY o.customer_id ORDER BY o.months_ago) = 1
