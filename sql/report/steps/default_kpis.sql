/* ---
title: {zh: 默认口径的指标, en: The default variants of the month}
owner: retention
--- */
SELECT
    kpi,
    variant,
    scope_kind,
    scope_id,
    value,
    target,
    gap,
    rank,
    status,
    reason
FROM kpi_monthly
WHERE is_default AND (scope_kind = 'company' OR status <> 'not_computed')
ORDER BY kpi, scope_kind, scope_id
