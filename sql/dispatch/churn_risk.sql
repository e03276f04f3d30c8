/* ---
title: {zh: 离网风险, en: Churn risk}
purpose: marketing
priority: 100
holdout: true
scored: true
due: {day: 12}
action: {zh: 了解离网原因，按客户价值提供挽留方案, en: "Find out why the customer may leave; make an offer worth the value at risk"}
outcomes: [retained, accepted]
script:
- zh: "您好，我是您的客户经理。"
  en: "Good day, I am your account manager."
  by: [manager_id]
- zh: "最近用得怎么样，信号、资费、服务有没有不满意的地方？"
  en: "How has the service been: coverage, price, help?"
- zh: "有什么想调整的吗？"
  en: "Is there anything you would like changed?"
evidence:
  zh: "离网概率 {p_voluntary:.1%}，近三个月月均消费 {amount} 元，每月预期损失 {rank_value} 元"
  en: "Churn probability {p_voluntary:.1%}, {amount} yuan a month on the mean of three months: {rank_value} yuan a month at stake"
prior: {probability: 0.1, persuadability: 0.2}
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
        r.p_voluntary,
        r.p_voluntary * CAST(h.value_at_risk AS DOUBLE) AS expected_loss,
        CONCAT_WS(';', r.reason_1, r.reason_2, r.reason_3) AS reason_code,
        NTILE(10) OVER (
            ORDER BY r.p_voluntary * CAST(h.value_at_risk AS DOUBLE) DESC, h.customer_id
        ) AS decile
    FROM features_high_value AS h
    JOIN riskiest AS r ON r.customer_id = h.customer_id AND r.choice = 1
    WHERE h.is_high_value
)
SELECT
    customer_id,
    service_id,
    0 AS rank_group,
    expected_loss AS rank_value,
    value_at_risk AS amount,
    reason_code,
    p_voluntary
FROM ranked
WHERE decile = 1
