/* ---
title: {zh: 分公司与客户经理的环比, en: Values of branches and managers beside those of the month before}
owner: retention
inputs: [figures, quality]
--- */
SELECT
    f.kpi,
    f.variant,
    f.scope_kind,
    f.scope_id,
    f.scope_name,
    f.numerator,
    f.denominator,
    f.value,
    b.value AS value_before
FROM figures AS f
JOIN m1.kpi_monthly AS b
    ON b.kpi = f.kpi
    AND b.variant = f.variant
    AND b.scope_kind = f.scope_kind
    AND b.scope_id = f.scope_id
    AND b.status IN ('released', 'caveat')
WHERE
    f.kpi || '.' || f.variant IN (SELECT topic FROM quality)
    AND f.scope_kind IN ('branch', 'manager')
    AND f.status IN ('released', 'caveat')
    AND f.value IS NOT NULL
    AND b.value IS NOT NULL
ORDER BY f.kpi, f.variant, f.scope_kind, f.scope_id
