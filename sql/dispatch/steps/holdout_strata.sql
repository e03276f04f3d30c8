/* ---
title: {zh: 各层的客户数, en: "Of each stratum how many were drawn from, how many of them are held out, how many are new"}
inputs: [newcomer]
--- */
WITH member AS (
    SELECT stratum, 1 AS seen, CASE WHEN is_drawn THEN 1 ELSE 0 END AS held, 0 AS fresh
    FROM prior.dispatch_holdout
    UNION ALL
    SELECT stratum, 0 AS seen, 0 AS held, 1 AS fresh
    FROM newcomer
)
SELECT
    stratum,
    CAST(SUM(seen) AS BIGINT) AS seen,
    CAST(SUM(held) AS BIGINT) AS held,
    CAST(SUM(fresh) AS BIGINT) AS fresh
FROM member
GROUP BY stratum
HAVING SUM(fresh) > 0
