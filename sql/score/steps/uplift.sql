/* ---
title: {zh: 增益评分, en: "The uplift of each customer's riskiest line"}
owner: retention
inputs: [lifted]
--- */
-- A customer is called about the riskiest line; of equals the first by id, as the lists take it.
WITH riskiest AS (
    SELECT
        service_id,
        ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY p_voluntary DESC, service_id) AS choice
    FROM score_churn
)
SELECT
    CAST(:month AS VARCHAR) AS month,
    u.customer_id,
    u.service_id,
    u.uplift,
    :version AS model_version
FROM lifted AS u
JOIN riskiest AS r ON r.service_id = u.service_id AND r.choice = 1
