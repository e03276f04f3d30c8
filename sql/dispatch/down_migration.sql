/* ---
title: {zh: 低迁, en: Down-migration and low saturation}
purpose: marketing
priority: 110
holdout: true
due: {day: 12}
action: {zh: 推荐匹配用量的套餐，稳定收入, en: Offer a plan that fits the use and keeps the revenue}
outcomes: [retained, accepted]
script:
  zh: "您好，注意到您的套餐和实际使用不太匹配。我按您近几个月的用量比较了几档，有一档更合适，您看要不要我给您讲讲？"
  en: "Good day, your plan and your use do not quite match. I have compared plans with what you used in recent months, and one fits better. Shall I explain it?"
evidence:
  zh: "号码 {service_id}[ 改用较低套餐且收入下降{down_migration}][ 连续两个月语音和流量都不足套餐的 20%{low_saturation}]，近三个月月均消费 {amount} 元"
  en: "Number {service_id}:[ moved to a lower plan and pays less{down_migration}][ voice and data below 20% of the bundle two months running{low_saturation}]; {amount} yuan a month on the mean of three months"
prior: {probability: 0.1, persuadability: 0.2}
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
