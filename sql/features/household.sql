/* ---
title: {zh: 同客户其他用户, en: What the customer's lines do together}
owner: retention
key: [service_id]
tolerates: [m1.*, m1.features_service]  # the first month knows of no line that was lost
model:
  household_active_day_mean: {reason: household}
  household_active_day_change: {reason: household}
  household_lost_count: {reason: household}
--- */
-- Who is displeased is so with all lines: a line that hardly shows it leaves with one that does.
WITH household AS (
    SELECT
        s.customer_id,
        CAST(SUM(a.active_day_count) AS DOUBLE) / NULLIF(COUNT(a.active_day_count), 0) AS active_day_mean,
        CAST(SUM(CAST(ROUND(a.active_day_change * 1000000) / 1000000 AS DECIMAL(18, 6))) AS DOUBLE)
        / NULLIF(COUNT(a.active_day_change), 0) AS active_day_change
    FROM features_service AS s
    LEFT JOIN features_activity_trend AS a ON a.service_id = s.service_id
    WHERE s.is_in_net
    GROUP BY s.customer_id
),
lost AS (
    SELECT b.customer_id, COUNT(*) AS line_count
    FROM m1.features_service AS b
    LEFT JOIN features_service AS s ON s.service_id = b.service_id AND s.is_in_net
    WHERE b.is_in_net AND s.service_id IS NULL
    GROUP BY b.customer_id
)
SELECT
    s.service_id,
    h.active_day_mean AS household_active_day_mean,
    h.active_day_change AS household_active_day_change,
    CAST(COALESCE(l.line_count, 0) AS INTEGER) AS household_lost_count
FROM features_service AS s
LEFT JOIN household AS h ON h.customer_id = s.customer_id
LEFT JOIN lost AS l ON l.customer_id = s.customer_id
