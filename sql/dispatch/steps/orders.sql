/* ---
title: {zh: 派单, en: The orders of both arms}
inputs: [decision, candidate, order_day]
--- */
WITH also AS (
    SELECT d.list, d.customer_id, STRING_AGG(s.list, ';' ORDER BY s.list) AS also_on
    FROM decision AS d
    JOIN candidate AS s ON s.customer_id = d.customer_id AND s.list <> d.list
    WHERE d.arm IS NOT NULL
    GROUP BY d.list, d.customer_id
)
SELECT
    m.order_id,
    CAST(:month AS VARCHAR) AS month,
    d.list,
    d.customer_id,
    d.service_id,
    d.branch_id,
    d.manager_id,
    d.rank,
    d.rank_value,
    d.amount,
    d.reason_codes,
    o.also_on,
    m.due_on,
    d.arm,
    d.purpose,
    CAST(:dispatch_on AS DATE) AS dispatched_on,
    m.is_provisional,
    d.evidence,
    d.expected_value,
    m.planned_on
FROM decision AS d
JOIN order_day AS m ON m.list = d.list AND m.customer_id = d.customer_id
LEFT JOIN also AS o ON o.list = d.list AND o.customer_id = d.customer_id
WHERE d.arm IS NOT NULL
