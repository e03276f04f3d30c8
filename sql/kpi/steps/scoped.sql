/* ---
title: {zh: 各范围的指标值, en: The value of every KPI variant in every scope}
owner: retention
inputs: [part, fact]
--- */
-- What a KPI's value is made of: `sum` over sum; the `mean` of its parts' quotients; a `score` of ten for reaching the
-- target, capped, less deductions; or its numerator as `given`. All but the first are values only.
WITH piece AS (
    SELECT
        kpi,
        variant,
        scope_kind,
        scope_id,
        part,
        SUM(numerator) AS numerator,
        SUM(denominator) AS denominator,
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
    NOT f.is_count AND f.way <> 'score' AND MIN(q.denominator) < :small_denominator AS is_small,
    MAX(q.low) AS low,
    MAX(q.high) AS high
FROM fact AS f
LEFT JOIN quotient AS q ON q.kpi = f.kpi AND q.variant = f.variant
GROUP BY f.kpi, f.variant, f.way, f.is_count, q.scope_kind, q.scope_id
