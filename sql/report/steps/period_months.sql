/* ---
title: {zh: 期间各月指标, en: What the months of a period printed of company and branches}
owner: retention
inputs: [scope_name]
--- */
SELECT
    t.seen_month,
    t.kpi,
    t.variant,
    t.scope_kind,
    t.scope_id,
    o.name AS scope_name,
    t.numerator,
    t.denominator,
    t.value,
    t.status
FROM kpi_trend AS t
LEFT JOIN scope_name AS o ON o.scope_kind = t.scope_kind AND o.scope_id = t.scope_id
WHERE t.scope_kind IN ('company', 'branch') AND t.seen_month BETWEEN :first_month AND :last_month
ORDER BY t.kpi, t.scope_kind, t.scope_id, t.seen_month
