/* ---
title: {zh: 十三个月的指标, en: "Thirteen months of default variants, the earlier ones as they were printed"}
owner: retention
inputs: [seen]
--- */
SELECT
    seen_month,
    kpi,
    variant,
    scope_kind,
    scope_id,
    numerator,
    denominator,
    value,
    status
FROM seen
UNION ALL
SELECT
    seen_month,
    kpi,
    variant,
    scope_kind,
    scope_id,
    numerator,
    denominator,
    value,
    status
FROM prior.kpi_trend
WHERE seen_month >= :first_month
