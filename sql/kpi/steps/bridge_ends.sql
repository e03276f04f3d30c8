/* ---
title: {zh: 收入桥两端与指标, en: "The ends of the bridge against the KPI it explains, in every scope that has both"}
owner: retention
inputs: [part]
--- */
SELECT
    'bridge ' || b.step AS "check",
    p.kpi,
    p.variant,
    p.scope_kind,
    SUM(CASE WHEN b.step = 'base' THEN p.denominator ELSE p.numerator END) AS expected,
    SUM(b.amount) AS found
FROM part AS p
JOIN kpi_bridge AS b ON b.scope_kind = p.scope_kind AND b.scope_id = p.scope_id AND b.step IN ('base', 'current')
WHERE p.kpi = 'revenue_retention_rate' AND p.variant = 'net'
GROUP BY b.step, p.kpi, p.variant, p.scope_kind
