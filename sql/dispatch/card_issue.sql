/* ---
title: {zh: 发卡, en: VIP customers without a card}
purpose: service
priority: 120
holdout: false
due: {day: 10}
verify: card
action: {zh: 制发并送达会员卡, en: Issue and deliver the card}
outcomes: [card_delivered]
script:
- zh: "您好，您是我们的{tier}会员，我们还没有您已收到有效{tier}会员卡的记录。"
  en: "Good day, you are a {tier} member, and we have no record of a valid {tier} card that reached you."
  by: [no_valid_card]
- zh: "请问会员卡送到哪里方便？"
  en: "Where shall the card be brought?"
- zh: "需要介绍一下会员服务吗？"
  en: "Shall I tell you what comes with it?"
evidence:
  zh: "{tier}会员，截至 {last_day} 没有本级别的有效会员卡，近三个月月均消费 {value_at_risk} 元"
  en: "A {tier} member without a valid card of this tier on {last_day}; {value_at_risk} yuan a month on the mean of three months"
prior: {probability: 0.03, persuadability: 0.05}
minimum: true  # the duty comes before the value
--- */
SELECT
    c.customer_id,
    CAST(NULL AS VARCHAR) AS service_id,
    0 AS rank_group,
    h.value_at_risk AS rank_value,
    CAST(NULL AS DECIMAL(18, 2)) AS amount,
    'no_valid_card' AS reason_code,
    CASE v.tier_rank WHEN 1 THEN 'silver' WHEN 2 THEN 'gold' ELSE 'diamond' END AS tier,
    h.value_at_risk
FROM features_card AS c
JOIN features_vip AS v ON v.customer_id = c.customer_id
JOIN features_high_value AS h ON h.customer_id = c.customer_id
WHERE NOT c.has_card
