/* ---
title: {zh: 相同分值的用户数, en: "How many services were scored, and how many of them share the commonest chance"}
owner: retention
inputs: [scored]
--- */
WITH same AS (
    SELECT p_voluntary, COUNT(*) AS services
    FROM scored
    GROUP BY p_voluntary
)
SELECT
    CAST(COALESCE(SUM(services), 0) AS BIGINT) AS services,
    CAST(COALESCE(MAX(services), 0) AS BIGINT) AS equals
FROM same
