/* ---
title: {zh: 使用量, en: Usage; a service without a usage row used nothing}
owner: retention
key: [service_id]
--- */
SELECT
    s.service_id,
    COALESCE(u.voice_minutes, CAST(0 AS DECIMAL(18, 6))) AS voice_minutes,
    COALESCE(u.data_mb, CAST(0 AS DECIMAL(18, 6))) AS data_mb,
    COALESCE(u.voice_calls, 0) = 0 AS is_zero_calls,
    COALESCE(u.voice_calls, 0) = 0 AND COALESCE(u.sms_count, 0) = 0 AND COALESCE(u.data_mb, 0) = 0 AS is_zero_all
FROM features_service AS s
LEFT JOIN snapshot_usage AS u ON u.service_id = s.service_id
