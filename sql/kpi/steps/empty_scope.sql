/* ---
title: {zh: 没有客户的范围, en: The row of a scope in which nobody is}
owner: retention
inputs: [part]
--- */
SELECT
    CAST(:kpi AS VARCHAR) AS kpi,
    :variant AS variant,
    '' AS part,
    :scope_kind AS scope_kind,
    :scope_id AS scope_id,
    0 AS numerator,
    CASE WHEN :has_denominator THEN 0 END AS denominator,
    NULL AS low,
    NULL AS high,
    FALSE AS is_placed
WHERE NOT EXISTS (
    SELECT 1
    FROM part
    WHERE kpi = :kpi AND variant = :variant AND scope_kind = :scope_kind AND scope_id = :scope_id
)
