/* ---
title: {zh: 名单排名, en: One row a customer of a list with the rank on it}
inputs: [answer]
--- */
WITH best AS (
    SELECT
        *,
        ROW_NUMBER() OVER (
            PARTITION BY customer_id ORDER BY rank_group, rank_value DESC NULLS LAST, rank_tie DESC NULLS LAST, service_id NULLS LAST
        ) AS choice
    FROM answer
    WHERE customer_id IS NOT NULL
)
SELECT
    CAST(:list AS VARCHAR) AS list,
    customer_id,
    service_id,
    CAST(rank_value AS DECIMAL(18, 2)) AS rank_value,
    CAST(amount AS DECIMAL(18, 2)) AS amount,
    reason_code AS reason_codes,
    listed_due_on,
    evidence,
    CAST(ROW_NUMBER() OVER (
        ORDER BY rank_group, rank_value DESC NULLS LAST, rank_tie DESC NULLS LAST, customer_id
    ) AS INTEGER) AS rank
FROM best
WHERE choice = 1
