/* ---
title: {zh: 本月默认口径的指标, en: "This month's default variants of company, cities and branches"}
owner: retention
--- */
SELECT
    month AS seen_month,
    kpi,
    variant,
    scope_kind,
    scope_id,
    numerator,
    denominator,
    value,
    status
FROM kpi_monthly
WHERE
    is_default
    AND (scope_kind = 'company' OR (scope_kind IN ('city', 'branch') AND status <> 'not_computed'))
