/* ---
title: {zh: 全公司各月指标, en: The company in each month of the trend}
owner: retention
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
FROM kpi_trend
WHERE scope_kind = 'company'
ORDER BY ALL
