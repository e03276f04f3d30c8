/* ---
title: {zh: 冷静期内的派单, en: Who had an order of which purpose within the cool-down}
--- */
WITH recent AS (
    SELECT customer_id, purpose, dispatched_on FROM m1.dispatch_order WHERE arm = 'treated'
    UNION ALL
    SELECT customer_id, purpose, dispatched_on FROM m2.dispatch_order WHERE arm = 'treated'
)
SELECT customer_id, purpose, MAX(dispatched_on) AS dispatched_on
FROM recent
WHERE purpose <> 'debt' AND DATE_DIFF('day', dispatched_on, CAST(:dispatch_on AS DATE)) <= :days
GROUP BY customer_id, purpose
