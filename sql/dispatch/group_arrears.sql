/* ---
title: {zh: 集团欠费, en: Arrears of groups and their members}
version: 2
purpose: debt
priority: 50
holdout: false
due: {working_days: 7}
action: {zh: 与集团联系人核对欠费并催收, en: Go through the open bills with the contact of the group}
outcomes: [paid, promised]
script:
- zh: "您好，贵单位及成员名下有 {amount} 元话费已过缴费期，共 {customer_count} 户，最早一笔 {oldest_due_on} 到期。"
  en: "Good day, {amount} yuan of your organisation and its people are past due ({customer_count} account(s)), the oldest since {oldest_due_on}."
- zh: "需要我把明细发给您核对吗？"
  en: "Shall I send you the details for checking?"
- zh: "请问财务付款大概在哪天？"
  en: "On which day will it be paid?"
evidence:
  zh: "集团及成员欠费 {amount} 元，涉及 {customer_count} 户，最早 {oldest_due_on} 到期，账龄 {age_days} 天[，已扣除预存款 {in_hand_amount} 元][，另有争议 {disputed_amount} 元未计入][，另有未到期 {pending_amount} 元]"
  en: "{amount} yuan past due of the group and its members ({customer_count} customer(s)), the oldest since {oldest_due_on}: {age_days} days[, after {in_hand_amount} yuan of money in hand][; {disputed_amount} yuan in dispute not counted][; {pending_amount} yuan not yet due]"
prior: {probability: 0.3, persuadability: 0.5}
minimum: true  # the duty comes before the value
needs: [customer.group_customer_id]
--- */
WITH member AS (
    SELECT
        CASE WHEN k.customer_type = 'group' THEN k.customer_id ELSE k.group_customer_id END AS group_id,
        d.customer_id,
        d.amount,
        d.oldest_due_on,
        d.age_days,
        d.in_hand_amount,
        d.disputed_amount,
        d.pending_amount
    FROM features_debt AS d
    JOIN features_known_customer AS k ON k.customer_id = d.customer_id
    WHERE k.customer_type = 'group' OR k.group_customer_id IS NOT NULL
)
SELECT
    group_id AS customer_id,
    CAST(NULL AS VARCHAR) AS service_id,
    0 AS rank_group,
    CAST(MAX(age_days) AS DECIMAL(18, 2)) AS rank_value,
    CAST(SUM(amount) AS DECIMAL(18, 2)) AS amount,
    CASE
        WHEN MAX(age_days) <= 30 THEN 'past_due_0_30'
        WHEN MAX(age_days) <= 90 THEN 'past_due_31_90'
        ELSE 'past_due_over_90'
    END AS reason_code,
    CAST(COUNT(DISTINCT CASE WHEN amount > 0 THEN customer_id END) AS INTEGER) AS customer_count,
    MIN(oldest_due_on) AS oldest_due_on,
    MAX(age_days) AS age_days,
    CAST(NULLIF(SUM(in_hand_amount), 0) AS DECIMAL(18, 2)) AS in_hand_amount,
    CAST(NULLIF(SUM(disputed_amount), 0) AS DECIMAL(18, 2)) AS disputed_amount,
    CAST(NULLIF(SUM(pending_amount), 0) AS DECIMAL(18, 2)) AS pending_amount
FROM member
GROUP BY group_id
HAVING SUM(amount) > 0
