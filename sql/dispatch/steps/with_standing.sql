/* ---
title: {zh: 加上已有派单的客户, en: "The decisions, and those on the list who have an order of the month already"}
inputs: [decision, listed, standing_order]
--- */
SELECT * FROM decision
UNION ALL BY NAME
SELECT
    l.list,
    l.customer_id,
    l.service_id,
    l.rank,
    l.rank_value,
    l.amount,
    l.reason_codes,
    l.evidence,
    'other_list' AS why_not,
    MIN(s.list) AS ordered_on
FROM listed AS l
JOIN standing_order AS s ON s.customer_id = l.customer_id
GROUP BY ALL
