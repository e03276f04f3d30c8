/* ---
title: {zh: 离网风险, en: Churn risk}
purpose: marketing
priority: 100
holdout: true
scored: true
due: {day: 12}
action: {zh: 了解离网原因，按客户价值提供挽留方案, en: "Find out why the customer may leave; make an offer worth the value at risk"}
--- */
WITH riskiest AS (
    SELECT
        customer_id, service_id, p_voluntary, reason_1, reason_2, reason_3,
        ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY p_voluntary DESC, service_id) AS choice
    FROM score_churn
),
ranked AS (
    SELECT
        h.customer_id,
        r.service_id,
        h.value_at_risk,
        r.p_voluntary * CAST(h.value_at_risk AS DOUBLE) AS expected_loss,
        CONCAT_WS(';', r.reason_1, r.reason_2, r.reason_3) AS reason_code,
        NTILE(10) OVER (
            ORDER BY r.p_voluntary * CAST(h.value_at_risk AS DOUBLE) DESC, h.customer_id
        ) AS decile
    FROM features_high_value AS h
    JOIN riskiest AS r ON r.customer_id = h.customer_id AND r.choice = 1
    WHERE h.is_high_value
)
SELECT customer_id, service_id, 0 AS rank_group, expected_loss AS rank_value, value_at_risk AS amount, reason_code
FROM ranked
WHERE decile = 1
