/* ---
title: {zh: 分公司与客户经理的环比, en: Values of branches and managers beside those of the month before}
owner: retention
inputs: [scope_name, quality]
--- */
SELECT
    k.kpi,
    k.variant,
    k.scope_kind,
    k.scope_id,
    o.name AS scope_name,
    k.numerator,
    k.denominator,
    k.value,
    b.value AS value_before
FROM kpi_monthly AS k
JOIN m1.kpi_monthly AS b
    ON b.kpi = k.kpi
    AND b.variant = k.variant
    AND b.scope_kind = k.scope_kind
    AND b.scope_id = k.scope_id
    AND b.status IN ('released', 'caveat')
LEFT JOIN scope_name AS o ON o.scope_kind = k.scope_kind AND o.scope_id = k.scope_id
WHERE
    k.kpi || '.' || k.variant IN (SELECT topic FROM quality)
    AND k.scope_kind IN ('branch', 'manager')
    AND k.status IN ('released', 'caveat')
    AND k.value IS NOT NULL
    AND b.value IS NOT NULL
ORDER BY k.kpi, k.variant, k.scope_kind, k.scope_id
