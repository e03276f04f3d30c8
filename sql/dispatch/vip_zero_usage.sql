/* ---
title: {zh: 高端零次户, en: High-value customers with zero usage}
purpose: service
priority: 70
holdout: true
due: {day: 12}
action: {zh: 关怀回访，核实是否弃用或换号, en: "Call and find out whether the number is given up or replaced"}
outcomes: [retained, accepted]
script:
- zh: "您好，我是您的客户经理。"
  en: "Good day, I am your account manager."
  by: [manager_id]
- zh: "您名下 {service_count} 个手机号 {month} 没有通话、短信和流量记录[（包括 {number}）]。"
  en: "Nothing was used in {month} on {service_count} mobile number(s) of yours[, {number} among them]."
  by: [zero_usage]
- zh: "是换了号码，还是信号、资费有不便？"
  en: "Have you changed it, or is it the coverage or the price?"
- zh: "您希望怎么调整？"
  en: "How may I help?"
evidence:
  zh: "{month} 名下 {service_count} 个在用手机号通话、短信、流量全为零，近三个月月均消费 {amount} 元"
  en: "No call, message or data in {month} on any of {service_count} active mobile number(s); {amount} yuan a month on the mean of three months"
prior: {probability: 0.2, persuadability: 0.2}
--- */
SELECT
    z.customer_id,
    z.service_id,
    0 AS rank_group,
    h.value_at_risk AS rank_value,
    h.value_at_risk AS amount,
    'zero_usage' AS reason_code,
    z.service_count
FROM features_zero_usage AS z
JOIN features_high_value AS h ON h.customer_id = z.customer_id AND h.is_high_value
