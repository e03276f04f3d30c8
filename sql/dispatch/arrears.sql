/* ---
title: {zh: 欠费, en: Arrears of high-value customers}
version: 2
purpose: debt
priority: 30
holdout: false
due: {working_days: 7}
action: {zh: 核对欠费账单，约定缴费日期, en: Go through the open bills and agree on a day of payment}
outcomes: [paid, promised]
script:
- zh: "您好，您的手机账户有 {amount} 元已过缴费期，最早一笔 {oldest_due_on} 到期。"
  en: "Good day, {amount} yuan on your mobile account are past due, the oldest since {oldest_due_on}."
- zh: "账单上有没有不清楚的地方，需要一起核对吗？"
  en: "Is anything on the bill unclear, and shall we go through it together?"
- zh: "您看哪天缴清方便？"
  en: "On which day could you pay?"
evidence:
  zh: "手机欠费 {amount} 元，共 {service_count} 个号码，最早 {oldest_due_on} 到期，账龄 {age_days} 天[，已扣除预存款 {in_hand_amount} 元][，另有争议 {disputed_amount} 元未计入][，另有未到期 {pending_amount} 元]"
  en: "{amount} yuan past due on {service_count} mobile number(s), the oldest since {oldest_due_on}: {age_days} days[, after {in_hand_amount} yuan of money in hand][; {disputed_amount} yuan in dispute not counted][; {pending_amount} yuan not yet due]"
prior: {probability: 0.3, persuadability: 0.5}
minimum: true  # the duty comes before the value
--- */
SELECT
    d.customer_id,
    d.service_id,
    0 AS rank_group,
    CAST(d.age_days AS DECIMAL(18, 2)) AS rank_value,
    d.amount,
    CASE
        WHEN d.age_days <= 30 THEN 'past_due_0_30'
        WHEN d.age_days <= 90 THEN 'past_due_31_90'
        ELSE 'past_due_over_90'
    END AS reason_code,
    d.service_count,
    d.oldest_due_on,
    d.age_days,
    CAST(NULLIF(d.in_hand_amount, 0) AS DECIMAL(18, 2)) AS in_hand_amount,
    CAST(NULLIF(d.disputed_amount, 0) AS DECIMAL(18, 2)) AS disputed_amount,
    CAST(NULLIF(d.pending_amount, 0) AS DECIMAL(18, 2)) AS pending_amount
FROM features_debt AS d
JOIN features_high_value AS h ON h.customer_id = d.customer_id AND h.is_high_value
WHERE d.line_kind = 'mobile' AND d.amount > 0
