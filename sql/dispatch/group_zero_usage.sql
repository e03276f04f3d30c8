/* ---
title: {zh: 集团零次户, en: Groups with members of zero usage}
purpose: service
priority: 80
holdout: true
due: {day: 12}
action: {zh: 与集团联系人核实零次成员, en: Ask the contact of the group about members who use nothing}
outcomes: [retained, accepted]
script:
  zh: "您好，贵单位有 {customer_count} 位成员的号码 {month} 没有使用。想请您帮忙确认是人员变动还是使用不便，我好及时调整，避免浪费。"
  en: "Good day, the numbers of {customer_count} of your people were not used in {month}. Could you tell me whether they have left or something hinders them, so that I can adjust it?"
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
