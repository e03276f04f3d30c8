/* ---
title: {zh: 欠停激活率, en: Reactivation rate}
owner: retention
version: 1
unit: ratio
better: higher
default: d7
window: six_months
window_of: features_stop_month
variants:
  d3: {zh: 停机后三天内复机, en: active again within three days of the stop}
  d5: {zh: 停机后五天内复机, en: active again within five days of the stop}
  d7: {zh: 停机后七天内复机, en: active again within seven days of the stop}
  d30: {zh: 停机后三十天内复机, en: active again within thirty days of the stop}
--- */
WITH variant AS (
    SELECT 'd3' AS variant, 3 AS days
    UNION ALL SELECT 'd5', 5
    UNION ALL SELECT 'd7', 7
    UNION ALL SELECT 'd30', 30
),
stop AS (
    SELECT
        customer_id,
        DATE_DIFF('day', stopped_on, CAST(:last_day AS DATE)) AS days_known,
        DATE_DIFF('day', stopped_on, reactivated_on) AS days_stopped
    FROM features_stop
)
SELECT
    s.customer_id,
    v.variant,
    CASE WHEN s.days_stopped <= v.days THEN 1 ELSE 0 END AS numerator,
    1 AS denominator
FROM stop AS s
JOIN variant AS v ON v.days <= s.days_known
