/* ---
title: {zh: 环比变动的组成, en: "The parts of the change against the month before, of company and branches"}
owner: retention
inputs: [scope_name]
--- */
SELECT
    c.kpi,
    c.variant,
    c.month,
    c.scope_kind,
    c.scope_id,
    o.name AS scope_name,
    c.volume,
    c.mix,
    c.rate,
    c.value_change,
    c.value_mix,
    c.value_rate
FROM kpi_change AS c
LEFT JOIN scope_name AS o ON o.scope_kind = c.scope_kind AND o.scope_id = c.scope_id
JOIN kpi_monthly AS k ON k.kpi = c.kpi AND k.variant = c.variant AND k.scope_kind = 'company' AND k.is_default
WHERE c.comparison = 'previous_month' AND c.part_kind = 'branch' AND c.status IN ('released', 'caveat')
ORDER BY c.kpi, c.scope_kind DESC, c.scope_id
