/* ---
title: {zh: 没有客户的范围, en: The row of a scope in which nobody is}
owner: retention
inputs: [part, expected]
--- */
SELECT
    e.kpi,
    e.variant,
    '' AS part,
    e.scope_kind,
    e.scope_id,
    0 AS numerator,
    CASE WHEN e.has_denominator THEN 0 END AS denominator,
    0 AS counted,
    NULL AS low,
    NULL AS high,
    FALSE AS is_placed
FROM expected AS e
WHERE NOT EXISTS (
    SELECT 1
    FROM part AS p
    WHERE
        p.kpi = e.kpi
        AND p.variant = e.variant
        AND p.scope_kind = e.scope_kind
        AND p.scope_id = e.scope_id
)
