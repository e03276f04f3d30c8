/* ---
title: {zh: 拆机挽留, en: Termination save}
version: 2
purpose: service
priority: 10
holdout: false
due: {working_days: 2}
action: {zh: 两个工作日内致电，了解拆机原因并挽留, en: "Call within two working days, ask why, make an offer to stay"}
outcomes: [retained, accepted]
script:
- zh: "您好，我是您的客户经理。"
  en: "Good day, I am your account manager."
  by: [manager_id]
- zh: "我们的系统里，您的{service_type}业务[ {number} ][（{status_since}）]登记了拆机。"
  en: "Our system has your {service_type}[ {number}] down to be disconnected[ since {status_since}]."
  by: [pre_terminated]
- zh: "想先听听是哪里没做好，您方便说说吗？"
  en: "May I ask what made you decide?"
- zh: "如果是资费或信号的问题，要不要我现在就看一看？"
  en: "If it is the price or the coverage, shall I look at it now?"
evidence:
  zh: "{service_type}业务[ {number}] [于 {status_since} ]登记拆机[，近三个月月均消费 {amount} 元]"
  en: "{service_type}[ {number}] is to be disconnected[ since {status_since}][; {amount} yuan a month on the mean of three months]"
prior: {probability: 0.6, persuadability: 0.3}
tolerates:
  - service.status_since
  - customer.vip_tier         # without a tier only the threshold counts
  - m1.features_high_value    # in the first month held only who would be high-value now
verify: line
--- */
WITH counted AS (  -- the mean as it would be if the service on its way out counted as in the network
    SELECT
        customer_id,
        revenue_0
        + CASE WHEN has_net_service_1 THEN revenue_1 ELSE 0 END
        + CASE WHEN has_net_service_2 THEN revenue_2 ELSE 0 END AS revenue,
        1 + CASE WHEN has_net_service_1 THEN 1 ELSE 0 END + CASE WHEN has_net_service_2 THEN 1 ELSE 0 END
            AS month_count
    FROM features_customer_history
),
leaving AS (
    SELECT
        s.customer_id,
        s.service_id,
        s.service_type,
        b.is_high_value IS TRUE AS was_high_value,
        s.service_type = 'mobile' OR c.net_mobile_count > 0 AS has_mobile,
        COALESCE(p.vip_tier IN ('silver', 'gold', 'diamond'), FALSE)
        OR n.revenue >= CAST(:high_value_threshold AS DECIMAL(18, 2)) * n.month_count AS is_of_value
    FROM features_service AS s
    JOIN features_customer AS c ON c.customer_id = s.customer_id AND c.customer_type = 'individual'
    JOIN snapshot_customer AS p ON p.customer_id = s.customer_id
    JOIN counted AS n ON n.customer_id = s.customer_id
    LEFT JOIN m1.features_high_value AS b ON b.customer_id = s.customer_id
    WHERE s.status = 'pre_terminated'
)
SELECT
    g.customer_id,
    g.service_id,
    0 AS rank_group,
    h.value_at_risk AS rank_value,
    h.value_at_risk AS amount,
    'pre_terminated' AS reason_code,
    g.service_type,
    k.status_since
FROM leaving AS g
JOIN snapshot_service AS k ON k.service_id = g.service_id
JOIN features_high_value AS h ON h.customer_id = g.customer_id
WHERE g.was_high_value OR (g.has_mobile AND g.is_of_value)
