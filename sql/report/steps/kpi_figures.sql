/* ---
title: {zh: 文档中的指标, en: The KPIs that documents print}
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
    k.target,
    k.gap,
    k.rank,
    k.status
FROM kpi_monthly AS k
LEFT JOIN scope_name AS o ON o.scope_kind = k.scope_kind AND o.scope_id = k.scope_id
WHERE
    (k.scope_kind = 'company' OR k.status <> 'not_computed')  -- what cannot be told is not printed
    AND (
        (k.is_default AND k.scope_kind IN ('company', 'branch'))
        OR (k.kpi || '.' || k.variant IN (SELECT topic FROM quality) AND k.scope_kind IN ('branch', 'manager'))
    )
