/* ---
title: {zh: 需要原因的用户, en: "The services that get reasons: of those whom a list made by a score takes, and who allow it"}
owner: retention
inputs: [scored]
--- */
-- Reasons cost much more than chances.
WITH riskiest AS (
    SELECT
        customer_id,
        service_id,
        p_voluntary,
        ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY p_voluntary DESC, service_id) AS choice
    FROM scored
),
ranked AS (
    SELECT
        r.customer_id,
        r.service_id,
        NTILE(10) OVER (
            ORDER BY r.p_voluntary * CAST(h.value_at_risk AS DOUBLE) DESC, h.customer_id
        ) AS tenth
    FROM features_high_value AS h
    JOIN riskiest AS r ON r.customer_id = h.customer_id AND r.choice = 1
    WHERE h.is_high_value
)
SELECT r.service_id
FROM ranked AS r
JOIN features_consent AS k ON k.customer_id = r.customer_id
WHERE r.tenth = 1 AND NOT k.is_opted_out
