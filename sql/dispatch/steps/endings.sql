/* ---
title: {zh: 已上续约派单的到期日, en: The ends of contracts and promotions that have stood on an order of renewals}
inputs: [decision]
--- */
-- An end that is over by the day the orders go out can never be listed again; a line has one end or both.
WITH ordered AS (
    SELECT e.service_id, e.contract_end_on, e.promotion_end_on
    FROM decision AS d
    JOIN features_ending AS e ON e.customer_id = d.customer_id
    WHERE d.list = 'renewal' AND d.arm IS NOT NULL
),
ever AS (
    SELECT service_id, kind, end_on, first_month
    FROM prior.dispatch_ending
    UNION ALL
    SELECT service_id, 'contract' AS kind, contract_end_on AS end_on, :month AS first_month
    FROM ordered
    UNION ALL
    SELECT service_id, 'promotion' AS kind, promotion_end_on AS end_on, :month AS first_month
    FROM ordered
)
SELECT service_id, kind, end_on, MIN(first_month) AS first_month
FROM ever
WHERE end_on > CAST(:dispatch_on AS DATE)
GROUP BY service_id, kind, end_on
