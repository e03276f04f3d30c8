/* ---
title: {zh: 到期续约, en: Contracts and promotions that end next month}
purpose: marketing
priority: 60
holdout: true
due: {column: due_on}
verify: renewal
action: {zh: 到期前联系，推荐续约方案, en: Call before the end and offer a renewal}
outcomes: [renewed]
script:
  zh: "您好，您 {service_id} 的[合约 {contract_end_on} 到期][优惠 {promotion_end_on} 到期]。为避免到期后资费变化，我为您准备了续约方案，您方便听一下吗？"
  en: "Good day, the [contract of {service_id} ends on {contract_end_on}][promotion of {service_id} ends on {promotion_end_on}]. So that your price does not change then, I have prepared a way to renew. May I tell you about it?"
evidence:
  zh: "号码 {service_id} [合约 {contract_end_on} 到期][优惠 {promotion_end_on} 到期[，届时每月多付 {promotion_discount_amount} 元]]，近三个月月均消费 {value_at_risk} 元"
  en: "Number {service_id}: [contract ends on {contract_end_on}][promotion ends on {promotion_end_on}[, then {promotion_discount_amount} yuan more a month]]; {value_at_risk} yuan a month on the mean of three months"
prior: {probability: 0.12, persuadability: 0.3}
--- */
WITH ending AS (
    SELECT
        s.customer_id,
        s.service_id,
        CASE WHEN s.service_type = 'broadband' THEN 0 ELSE 1 END AS rank_group,
        h.value_at_risk AS amount,
        'contract_end' AS reason_code,
        k.contract_end_on AS due_on,
        k.contract_end_on,
        CAST(NULL AS DATE) AS promotion_end_on,
        CAST(NULL AS DECIMAL(18, 2)) AS promotion_discount_amount
    FROM features_service AS s
    JOIN snapshot_service AS k ON k.service_id = s.service_id
    JOIN features_high_value AS h ON h.customer_id = s.customer_id
    WHERE s.is_in_net AND k.contract_end_on >= :next_first_day AND k.contract_end_on <= :next_last_day
    UNION ALL
    SELECT
        s.customer_id,
        s.service_id,
        2 AS rank_group,
        k.promotion_discount_amount AS amount,
        'promotion_end' AS reason_code,
        k.promotion_end_on AS due_on,
        CAST(NULL AS DATE) AS contract_end_on,
        k.promotion_end_on,
        k.promotion_discount_amount
    FROM features_service AS s
    JOIN snapshot_service AS k ON k.service_id = s.service_id
    WHERE s.is_in_net AND k.promotion_end_on >= :next_first_day AND k.promotion_end_on <= :next_last_day
)
SELECT
    e.customer_id,
    e.service_id,
    e.rank_group,
    h.value_at_risk AS rank_value,
    e.amount,
    e.reason_code,
    e.due_on,
    e.contract_end_on,
    e.promotion_end_on,
    e.promotion_discount_amount,
    h.value_at_risk
FROM ending AS e
JOIN features_high_value AS h ON h.customer_id = e.customer_id
