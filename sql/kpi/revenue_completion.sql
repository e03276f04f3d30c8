/* ---
title: {zh: 收入完成率, en: Revenue completion}
owner: retention
version: 2
was: {1: {zh: 目标过小时不参加排名, en: "a small target was marked and not ranked"}}
unit: ratio
denominator: target
better: higher
default: ytd
window: year
variants:
  ytd: {zh: 一月至本月收入占同期目标, en: "revenue of January to this month, of the targets of these months"}
--- */
SELECT
    customer_id,
    CAST(NULL AS VARCHAR) AS scope_kind,
    CAST(NULL AS VARCHAR) AS scope_id,
    year_revenue_0 AS numerator,
    CAST(NULL AS DECIMAL(18, 2)) AS denominator
FROM features_revenue_year
WHERE year_revenue_0 <> 0
UNION ALL
SELECT
    CAST(NULL AS VARCHAR) AS customer_id,
    scope_kind,
    scope_id,
    0 AS numerator,
    target_amount AS denominator
FROM features_revenue_target
WHERE month_count = :month_number
