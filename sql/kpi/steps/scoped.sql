/* ---
title: {zh: 各范围的指标值, en: The value of every KPI variant in every scope}
owner: retention
inputs: [part, fact, untold]
--- */
-- What a KPI's value is made of: `sum` over sum; the `mean` of its parts' quotients; a `score` of ten for reaching the
-- target, capped, less deductions; or its numerator as `given`. All but the first are values only.
-- A denominator that counts is small by itself, one in yuan by the customers who have a part of it, a target never.
WITH piece AS (
    SELECT
        kpi,
        variant,
        scope_kind,
        scope_id,
        part,
        SUM(numerator) AS numerator,
        SUM(denominator) AS denominator,
        SUM(counted) AS counted,
        MAX(low) AS low,
        MAX(high) AS high
    FROM part
    GROUP BY ALL
),
quotient AS (
    SELECT
        kpi,
        variant,
        scope_kind,
        scope_id,
        numerator,
        denominator,
        counted,
        low,
        high,
        CAST(numerator AS DOUBLE) / NULLIF(CAST(denominator AS DOUBLE), 0) AS quotient
    FROM piece
)
SELECT
    f.kpi,
    f.variant,
    COALESCE(q.scope_kind, 'company') AS scope_kind,
    COALESCE(q.scope_id, 'company') AS scope_id,
    CASE WHEN f.way = 'sum' THEN MAX(q.numerator) END AS numerator,
    CASE WHEN f.way = 'sum' THEN MAX(q.denominator) END AS denominator,
    CASE
        WHEN f.way = 'mean' AND COUNT(q.quotient) = COUNT(*) THEN SUM(q.quotient) / COUNT(*)
        WHEN f.way = 'score' AND COUNT(q.quotient) > 0 THEN 10 * LEAST(MAX(q.quotient), :score_cap) - :score_deduction
        WHEN f.way = 'given' THEN CAST(MAX(q.numerator) AS DOUBLE)
        WHEN f.way = 'sum' AND f.is_count THEN CAST(MAX(q.numerator) AS DOUBLE)
        WHEN f.way = 'sum' THEN MAX(q.quotient)
    END AS value,
    CASE
        WHEN f.is_count OR f.way = 'score' OR f.denominator_kind = 'target' THEN FALSE
        WHEN f.denominator_kind = 'yuan' THEN MIN(q.counted) < :small_denominator
        ELSE MIN(q.denominator) < :small_denominator
    END AS is_small,
    MAX(q.low) AS low,
    MAX(q.high) AS high,
    CAST(NULL AS VARCHAR) AS untold
FROM fact AS f
LEFT JOIN quotient AS q ON q.kpi = f.kpi AND q.variant = f.variant
GROUP BY f.kpi, f.variant, f.way, f.is_count, f.denominator_kind, q.scope_kind, q.scope_id
UNION ALL
SELECT
    kpi,
    variant,
    scope_kind,
    'unclaimed' AS scope_id,
    NULL AS numerator,
    NULL AS denominator,
    NULL AS value,
    FALSE AS is_small,
    NULL AS low,
    NULL AS high,
    reason AS untold
FROM untold
