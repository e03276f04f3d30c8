/* ---
title: {zh: 活跃天数走势, en: Days in use against the line's own past}
owner: retention
key: [service_id]
tolerates: [usage.last_used_on, m1.*, m2.*, m3.*]  # a line's past is as long as it is known
needs: [usage.active_days]
model:
  active_day_count: {reason: low_use}
  active_day_change: {reason: usage_drop}
  idle_day_count: {reason: zero_usage}
--- */
WITH past AS (
    SELECT service_id, active_days FROM m1.snapshot_usage
    UNION ALL
    SELECT service_id, active_days FROM m2.snapshot_usage
    UNION ALL
    SELECT service_id, active_days FROM m3.snapshot_usage
),
mean AS (
    SELECT service_id, CAST(SUM(active_days) AS DOUBLE) / COUNT(active_days) AS active_days
    FROM past
    GROUP BY service_id
)
SELECT
    s.service_id,
    CAST(u.active_days AS INTEGER) AS active_day_count,
    u.active_days - p.active_days AS active_day_change,
    DATE_DIFF('day', u.last_used_on, CAST(:last_day AS DATE)) AS idle_day_count
FROM features_service AS s
JOIN snapshot_usage AS u ON u.service_id = s.service_id
LEFT JOIN mean AS p ON p.service_id = s.service_id
