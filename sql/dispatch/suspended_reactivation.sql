/* ---
title: {zh: 欠停激活, en: Reactivation of services suspended for arrears}
version: 2
purpose: debt
priority: 20
holdout: false
due: {working_days: 3}
tolerates: [features_arrears]  # who is suspended is known without the amounts
action: {zh: 提醒缴清欠费并协助复机, en: Ask for payment and help to reactivate}
outcomes: [paid, promised, reactivated]
script:
- zh: "您好，您的号码[ {number} ]因欠费暂停了服务[，目前逾期 {amount} 元]。"
  en: "Good day, your number[ {number}] is suspended for an open bill[, {amount} yuan past due]."
  by: [suspended_arrears]
- zh: "账单上有不清楚的地方吗？"
  en: "Is anything on the bill unclear?"
- zh: "今天方便缴费吗，需要我把缴费方式发给您吗？"
  en: "Could you pay today, and shall I send you the ways to pay?"
evidence:
  zh: "{service_count} 个号码因欠费停机[，已逾期 {amount} 元][，最早 {oldest_due_on} 到期][，已扣除预存款 {in_hand_amount} 元][，另有争议 {disputed_amount} 元未计入][，另有未到期 {pending_amount} 元]，近三个月月均消费 {value_at_risk} 元"
  en: "{service_count} number(s) suspended for arrears[, {amount} yuan past due][, the oldest since {oldest_due_on}][, after {in_hand_amount} yuan of money in hand][; {disputed_amount} yuan in dispute not counted][; {pending_amount} yuan not yet due]; {value_at_risk} yuan a month on the mean of three months"
prior: {probability: 0.5, persuadability: 0.5}
minimum: true  # the duty comes before the value
--- */
SELECT
    s.customer_id,
    MIN(s.service_id) AS service_id,
    0 AS rank_group,
    MAX(h.value_at_risk) AS rank_value,
    CAST(NULLIF(SUM(a.collectable_amount), 0) AS DECIMAL(18, 2)) AS amount,
    'suspended_arrears' AS reason_code,
    CAST(COUNT(DISTINCT s.service_id) AS INTEGER) AS service_count,
    MIN(a.oldest_collectable_due_on) AS oldest_due_on,
    MAX(h.value_at_risk) AS value_at_risk,
    CAST(NULLIF(SUM(a.in_hand_amount), 0) AS DECIMAL(18, 2)) AS in_hand_amount,
    CAST(NULLIF(SUM(a.disputed_amount), 0) AS DECIMAL(18, 2)) AS disputed_amount,
    CAST(NULLIF(SUM(a.pending_amount), 0) AS DECIMAL(18, 2)) AS pending_amount
FROM features_service AS s
JOIN features_high_value AS h ON h.customer_id = s.customer_id
LEFT JOIN features_arrears AS a ON a.service_id = s.service_id
WHERE s.status = 'suspended_arrears'
GROUP BY s.customer_id
