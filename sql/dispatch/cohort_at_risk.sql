/* ---
title: {zh: 拍照会员维系, en: Frozen-cohort members at risk}
version: 2
purpose: service
priority: 90
holdout: true
due: {day: 12}
action: {zh: 回访拍照会员，挽回下滑的消费, en: Call the cohort member and win back what he no longer spends}
outcomes: [retained, accepted]
tolerates: [score_churn]  # without a score the rule alone decides
script:
- zh: "您好，截至 {base_last_day} 的账期您出账 {base_revenue} 元，{month} 账期出账 {revenue} 元。"
  en: "Good day, you were billed {base_revenue} yuan in the month to {base_last_day} and {revenue} yuan in {month}."
- zh: "现在的套餐还合适吗，有没有更需要的业务？"
  en: "Does your plan still fit, and is there something you need more?"
- zh: "要不要我帮您看一看？"
  en: "Shall we look at it together?"
evidence:
  zh: "拍照基期（截至 {base_last_day}）月收入 {base_revenue} 元，本月 {revenue} 元[；离网概率 {p_voluntary:.1%}，居前 10%]"
  en: "{base_revenue} yuan in the base month (to {base_last_day}), {revenue} yuan this month[; churn probability {p_voluntary:.1%}, in the highest tenth]"
prior: {probability: 0.15, persuadability: 0.2}
--- */
WITH now AS (
    SELECT
        c.customer_id,
        c.base_revenue,
        COALESCE(r.revenue, CAST(0 AS DECIMAL(18, 2))) AS revenue,
        h.value_at_risk
    FROM features_cohort AS c
    JOIN features_customer AS n ON n.customer_id = c.customer_id AND n.net_service_count > 0
    JOIN features_high_value AS h ON h.customer_id = c.customer_id
    LEFT JOIN features_revenue AS r ON r.customer_id = c.customer_id
),
risky AS (  -- nobody who has opted out of personalisation is listed by a score
    SELECT s.customer_id, MAX(s.p_voluntary) AS p_voluntary
    FROM score_churn AS s
    JOIN features_consent AS k ON k.customer_id = s.customer_id AND NOT k.is_opted_out
    WHERE s.decile = 1
    GROUP BY s.customer_id
),
sign AS (
    SELECT
        n.customer_id,
        n.base_revenue,
        n.revenue,
        n.value_at_risk,
        r.p_voluntary,
        CONCAT_WS(
            ';',
            CASE WHEN n.revenue * 2 < n.base_revenue THEN 'revenue_halved' END,
            CASE WHEN r.customer_id IS NOT NULL THEN 'top_risk' END
        ) AS reason_code
    FROM now AS n
    LEFT JOIN risky AS r ON r.customer_id = n.customer_id
)
SELECT
    customer_id,
    CAST(NULL AS VARCHAR) AS service_id,
    0 AS rank_group,
    base_revenue - revenue AS rank_value,
    base_revenue AS amount,
    reason_code,
    value_at_risk AS rank_tie,
    CAST(:base_last_day AS DATE) AS base_last_day,
    base_revenue,
    revenue,
    p_voluntary
FROM sign
WHERE reason_code <> ''
