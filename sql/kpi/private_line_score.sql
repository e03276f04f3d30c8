/* ---
title: {zh: 集团专线考核得分, en: Private-line score}
owner: retention
version: 1
unit: score
better: higher
target: 9
default: score
value: score
variants:
  score: {zh: 专线收入对目标的得分（基准 10 分）, en: "private-line revenue against its target, base 10"}
--- */
SELECT
    s.customer_id,
    CAST(NULL AS VARCHAR) AS scope_kind,
    CAST(NULL AS VARCHAR) AS scope_id,
    r.revenue AS numerator,
    CAST(NULL AS DECIMAL(18, 2)) AS denominator
FROM features_service AS s
JOIN features_service_revenue AS r ON r.service_id = s.service_id
WHERE s.service_type = 'private_line'
UNION ALL
SELECT
    CAST(NULL AS VARCHAR) AS customer_id,
    scope_kind,
    scope_id,
    0 AS numerator,
    target_value AS denominator
FROM snapshot_target
WHERE kpi = 'private_line_revenue'
