/* ---
title: {zh: 套餐用量, en: Bundles of active mobile services and whether they are hardly used}
owner: retention
key: [service_id]
--- */
SELECT
    s.service_id,
    s.customer_id,
    u.voice_minutes < 0.2 * p.included_minutes AND u.data_mb < 0.2 * p.included_data_mb AS is_low
FROM features_service AS s
JOIN snapshot_service AS k ON k.service_id = s.service_id
JOIN snapshot_plan AS p ON p.plan_id = k.plan_id
JOIN features_usage AS u ON u.service_id = s.service_id
WHERE s.service_type = 'mobile'
  AND s.is_active
  AND p.included_minutes IS NOT NULL
  AND p.included_data_mb IS NOT NULL
