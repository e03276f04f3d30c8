/* ---
title: {zh: 拍照会员维系, en: Frozen-cohort members at risk}
purpose: service
priority: 90
holdout: true
due: {day: 12}
action: {zh: 回访拍照会员，挽回下滑的消费, en: Call the cohort member and win back what he no longer spends}
outcomes: [retained, accepted]
tolerates: [score_churn]  # without a score the rule alone decides
script:
  zh: "您好，您是我们的老会员。看到您最近的使用有变化，想了解套餐是否还合适，有没有更需要的业务？我帮您算一算，看怎么更划算。"
  en: "Good day, you have been with us for long. Your use has changed lately, and I would like to know whether the plan still fits. Shall we see what would suit you better?"
evidence:
  zh: "拍照基期月收入 {base_revenue} 元，本月 {revenue} 元[；离网概率 {p_voluntary:.1%}，居前 10%]"
  en: "{base_revenue} yuan in the base month, {revenue} yuan this month[; churn probability {p_voluntary:.1%}, in the highest tenth]"
prior: {probability: 0.15, persuadability: 0.2}
--- */
WITH now AS (
    SELECT
        c.customer_id,
        c.base_revenue,
        COALESCE(r.revenue, CAST(0 AS DECIMAL(18, 2))) AS revenue
    FROM features_cohort AS c
    JOIN features_customer AS n ON n.customer_id = c.customer_id AND n.net_service_count > 0
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
        customer_id,
        base_revenue,
        revenue,
        base_revenue - revenue AS lost,
        CAST(NULL AS DOUBLE) AS p_voluntary,
        0 AS rank_group,
        'revenue_halved' AS reason_code
    FROM now
    WHERE revenue * 2 < base_revenue
    UNION ALL
    SELECT
        n.customer_id,
        n.base_revenue,
        n.revenue,
        n.base_revenue AS lost,
        r.p_voluntary,
        1 AS rank_group,
        'top_risk' AS reason_code
    FROM now AS n
    JOIN risky AS r ON r.customer_id = n.customer_id
)
SELECT
    customer_id,
    CAST(NULL AS VARCHAR) AS service_id,
    MIN(rank_group) AS rank_group,
    MAX(lost) AS rank_value,
    MAX(base_revenue) AS amount,
    STRING_AGG(DISTINCT reason_code, ';' ORDER BY reason_code) AS reason_code,
    MAX(base_revenue) AS base_revenue,
    MAX(revenue) AS revenue,
    MAX(p_voluntary) AS p_voluntary
FROM sign
GROUP BY customer_id
