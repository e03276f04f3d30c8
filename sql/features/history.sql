/* ---
title: {zh: 用户十三个月历史, en: Thirteen months of each service}
owner: retention
key: [service_id]
carry: {key: service_id, latest: [customer_id]}
tolerates: [features_usage, features_past_due]  # a measure of a month that was not delivered is NULL, unknown
--- */
SELECT
    s.service_id,
    s.customer_id,
    s.is_in_net,
    COALESCE(r.revenue, CAST(0 AS DECIMAL(18, 2))) AS revenue,
    u.voice_minutes,
    u.data_mb,
    u.is_zero_all AS is_zero_usage,
    a.past_due_amount
FROM features_service AS s
LEFT JOIN features_service_revenue AS r ON r.service_id = s.service_id
LEFT JOIN features_usage AS u ON u.service_id = s.service_id
LEFT JOIN features_past_due AS a ON a.service_id = s.service_id
