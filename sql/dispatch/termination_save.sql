/* ---
title: {zh: 拆机挽留, en: Termination save}
purpose: service
priority: 10
holdout: false
due: {working_days: 2}
action: {zh: 两个工作日内致电，了解拆机原因并挽留, en: "Call within two working days, ask why, make an offer to stay"}
--- */
SELECT
    s.customer_id,
    s.service_id,
    0 AS rank_group,
    h.value_at_risk AS rank_value,
    h.value_at_risk AS amount,
    'pre_terminated' AS reason_code
FROM features_service AS s
JOIN features_high_value AS h ON h.customer_id = s.customer_id AND h.is_high_value
WHERE s.status = 'pre_terminated'
