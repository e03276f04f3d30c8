/* ---
title: {zh: 欠停激活, en: Reactivation of services suspended for arrears}
purpose: debt
priority: 20
holdout: false
due: {working_days: 3}
tolerates: [features_arrears]  # who is suspended is known without the amounts
action: {zh: 提醒缴清欠费并协助复机, en: Ask for payment and help to reactivate}
--- */
SELECT
    s.customer_id,
    MIN(s.service_id) AS service_id,
    0 AS rank_group,
    MAX(h.value_at_risk) AS rank_value,
    CAST(SUM(a.past_due_amount) AS DECIMAL(18, 2)) AS amount,
    'suspended_arrears' AS reason_code
FROM features_service AS s
JOIN features_high_value AS h ON h.customer_id = s.customer_id
LEFT JOIN features_arrears AS a ON a.service_id = s.service_id
WHERE s.status = 'suspended_arrears'
GROUP BY s.customer_id
