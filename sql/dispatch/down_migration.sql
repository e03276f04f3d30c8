/* ---
title: {zh: 低迁, en: Down-migration and low saturation}
purpose: marketing
priority: 110
holdout: true
due: {day: 12}
action: {zh: 推荐匹配用量的套餐，稳定收入, en: Offer a plan that fits the use and keeps the revenue}
--- */
WITH sign AS (
    SELECT customer_id, service_id, 'down_migration' AS reason_code
    FROM features_migration
    WHERE has_migrated_down
    UNION ALL
    SELECT customer_id, service_id, 'low_saturation' AS reason_code
    FROM features_saturation
    WHERE is_low_saturation
)
SELECT
    g.customer_id,
    MIN(g.service_id) AS service_id,
    0 AS rank_group,
    MAX(h.value_at_risk) AS rank_value,
    MAX(h.value_at_risk) AS amount,
    STRING_AGG(DISTINCT g.reason_code, ';' ORDER BY g.reason_code) AS reason_code
FROM sign AS g
JOIN features_high_value AS h ON h.customer_id = g.customer_id
GROUP BY g.customer_id
