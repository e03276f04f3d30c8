/* ---
title: {zh: 曾入名单的客户, en: Who ever stood on a list that takes nobody twice}
inputs: [candidate, list_fact]
--- */
WITH ever AS (
    SELECT list, customer_id, first_month FROM prior.dispatch_listed
    UNION ALL
    SELECT c.list, c.customer_id, :month AS first_month
    FROM candidate AS c
    JOIN list_fact AS f ON f.list = c.list AND f.is_remembered
)
SELECT list, customer_id, MIN(first_month) AS first_month
FROM ever
GROUP BY list, customer_id
