/* ---
title: {zh: 集团零次户, en: Groups with members of zero usage}
purpose: service
priority: 80
holdout: true
due: {day: 12}
action: {zh: 与集团联系人核实零次成员, en: Ask the contact of the group about members who use nothing}
outcomes: [retained, accepted]
script:
- zh: "您好，贵单位 {customer_count} 位成员的手机号 {month} 没有使用记录。"
  en: "Good day, nothing was used in {month} on the mobile numbers of {customer_count} of your people."
  by: [zero_usage]
- zh: "是人员变动，还是使用上有不便？"
  en: "Have they left, or does something hinder them?"
- zh: "需要怎么调整？"
  en: "What should be adjusted?"
evidence:
  zh: "{month} 集团有 {customer_count} 名成员共 {service_count} 个在用手机号全为零次，月均消费合计 {amount} 元"
  en: "{customer_count} member(s) of the group used none of {service_count} active mobile number(s) in {month}; together {amount} yuan a month"
prior: {probability: 0.15, persuadability: 0.2}
--- */
SELECT
    k.group_customer_id AS customer_id,
    CAST(NULL AS VARCHAR) AS service_id,
    0 AS rank_group,
    CAST(SUM(h.value_at_risk) AS DECIMAL(18, 2)) AS rank_value,
    CAST(SUM(h.value_at_risk) AS DECIMAL(18, 2)) AS amount,
    'zero_usage' AS reason_code,
    CAST(COUNT(*) AS INTEGER) AS customer_count,
    CAST(SUM(z.service_count) AS INTEGER) AS service_count
FROM features_zero_usage AS z
JOIN snapshot_customer AS k ON k.customer_id = z.customer_id
JOIN features_high_value AS h ON h.customer_id = z.customer_id
WHERE k.group_customer_id IS NOT NULL
GROUP BY k.group_customer_id
