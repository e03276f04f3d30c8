/* ---
title: {zh: 半年内欠费停机, en: Stops for arrears of six months}
owner: retention
key: [service_id, stopped_at]
tolerates: [prior.features_stop]  # features_stop_month says how far back the stops are known
--- */
WITH change AS (
    SELECT t.service_id, s.customer_id, t.changed_at, t.changed_on, t.to_status
    FROM snapshot_status_change AS t
    JOIN features_service AS s ON s.service_id = t.service_id
),
stop AS (
    SELECT service_id, customer_id, stopped_at, stopped_on, reactivated_on
    FROM prior.features_stop
    WHERE stopped_on >= :first_day_m5
    UNION ALL
    SELECT service_id, customer_id, changed_at, changed_on, CAST(NULL AS DATE)
    FROM change
    WHERE to_status = 'suspended_arrears'
)
SELECT
    s.service_id,
    s.customer_id,
    s.stopped_at,
    s.stopped_on,
    COALESCE(s.reactivated_on, MIN(a.changed_on)) AS reactivated_on
FROM stop AS s
LEFT JOIN change AS a ON a.service_id = s.service_id AND a.to_status = 'active' AND a.changed_at > s.stopped_at
GROUP BY s.service_id, s.customer_id, s.stopped_at, s.stopped_on, s.reactivated_on
