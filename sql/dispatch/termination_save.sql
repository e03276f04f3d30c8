/* ---
title: {zh: 拆机挽留, en: Termination save}
purpose: service
priority: 10
holdout: false
due: {working_days: 2}
action: {zh: 两个工作日内致电，了解拆机原因并挽留, en: "Call within two working days, ask why, make an offer to stay"}
outcomes: [retained, accepted]
script:
  zh: "您好，我是您的客户经理。看到您申请停用 {service_id}，想先听听是哪里没做好。如果是资费或信号的问题，我现在就可以帮您看方案，您看方便说说吗？"
  en: "Good day, I am your account manager. I see that {service_id} is to be disconnected and would like to hear what went wrong. If it is the price or the coverage, I can look at it with you now. May I ask what made you decide?"
evidence:
  zh: "号码 {service_id} [于 {status_since} ]申请拆机，近三个月月均消费 {amount} 元"
  en: "Number {service_id} asked to be disconnected[ on {status_since}]; {amount} yuan a month on the mean of three months"
prior: {probability: 0.6, persuadability: 0.3}
tolerates: [service.status_since]
--- */
SELECT
    s.customer_id,
    s.service_id,
    0 AS rank_group,
    h.value_at_risk AS rank_value,
    h.value_at_risk AS amount,
    'pre_terminated' AS reason_code,
    k.status_since
FROM features_service AS s
LEFT JOIN snapshot_service AS k ON k.service_id = s.service_id
JOIN features_high_value AS h ON h.customer_id = s.customer_id AND h.is_high_value
WHERE s.status = 'pre_terminated'
