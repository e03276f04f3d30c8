"""The long table of KPIs: value, target, gap, rank, interval and status of every scope."""

from __future__ import annotations

# What a KPI's value is made of: `sum` over sum; the `mean` of its parts' quotients; a `score` of ten for reaching the
# target, capped, less deductions; or its numerator as `given`. All but the first are values only.
SCOPED = """
WITH piece AS (
    SELECT kpi, variant, scope_kind, scope_id, part, SUM(numerator) AS numerator, SUM(denominator) AS denominator,
        MAX(low) AS low, MAX(high) AS high
    FROM part GROUP BY ALL
),
quotient AS (
    SELECT *, CAST(numerator AS DOUBLE) / NULLIF(CAST(denominator AS DOUBLE), 0) AS quotient FROM piece
)
SELECT
    f.kpi, f.variant, COALESCE(q.scope_kind, 'company') AS scope_kind, COALESCE(q.scope_id, 'company') AS scope_id,
    CASE WHEN f.way = 'sum' THEN MAX(q.numerator) END AS numerator,
    CASE WHEN f.way = 'sum' THEN MAX(q.denominator) END AS denominator,
    CASE
        WHEN f.way = 'mean' AND COUNT(q.quotient) = COUNT(*) THEN SUM(q.quotient) / COUNT(*)
        WHEN f.way = 'score' AND COUNT(q.quotient) > 0 THEN 10 * LEAST(MAX(q.quotient), $score_cap) - $score_deduction
        WHEN f.way = 'given' THEN CAST(MAX(q.numerator) AS DOUBLE)
        WHEN f.way = 'sum' AND f.is_count THEN CAST(MAX(q.numerator) AS DOUBLE)
        WHEN f.way = 'sum' THEN MAX(q.quotient)
    END AS value,
    NOT f.is_count AND f.way <> 'score' AND MIN(q.denominator) < $small AS is_small,
    MAX(q.low) AS low, MAX(q.high) AS high
FROM fact AS f
LEFT JOIN quotient AS q ON q.kpi = f.kpi AND q.variant = f.variant
GROUP BY f.kpi, f.variant, f.way, f.is_count, q.scope_kind, q.scope_id
"""

# Wilson's score interval of a share, 95 %.
_WILSON = """
    (s.value + {z2} / (2 * CAST(s.denominator AS DOUBLE)) {sign} {z} * SQRT(
        (s.value * (1 - s.value) + {z2} / (4 * CAST(s.denominator AS DOUBLE))) / CAST(s.denominator AS DOUBLE)
    )) / (1 + {z2} / CAST(s.denominator AS DOUBLE))
"""
_Z = 1.959963984540054


def _bound(sign: str, given: str) -> str:
    bound = _WILSON.format(z=_Z, z2=_Z * _Z, sign=sign)
    return f"CASE WHEN f.interval = 'wilson' AND s.denominator > 0 THEN {bound} ELSE s.{given} END"


# Ranks compare values at twelve places: equal quotients of yuan may differ in the last bit of a double.
# A delivered target is the default variant's; that of a touch point can only be meant for the variant of touch points.
MONTHLY = f"""
WITH valued AS (
    SELECT
        s.kpi, s.variant, s.scope_kind, s.scope_id, s.numerator, s.denominator, s.value, s.is_small,
        COALESCE(CAST(t.target_value AS DOUBLE), CASE WHEN f.is_default THEN f.target END) AS target,
        f.sign, f.way, f.missing, f.note, f.is_default,
        {_bound("-", "low")} AS interval_low, {_bound("+", "high")} AS interval_high
    FROM scoped AS s
    JOIN fact AS f ON f.kpi = s.kpi AND f.variant = s.variant
    LEFT JOIN target_row AS t
        ON (f.is_default OR f.variant = t.scope_kind)
        AND t.kpi = s.kpi AND t.scope_kind = s.scope_kind AND t.scope_id = s.scope_id
),
ranked AS (
    SELECT *,
        value IS NOT NULL AND NOT is_small AND scope_kind <> 'company' AND scope_id <> 'unclaimed' AS is_ranked
    FROM valued
)
SELECT
    $month AS month, k.kpi, k.variant, k.is_default, k.scope_kind, k.scope_id, k.numerator, k.denominator, k.value,
    k.target, k.value - k.target AS gap,
    CASE WHEN k.is_ranked THEN CAST(RANK() OVER (
        PARTITION BY k.kpi, k.variant, k.scope_kind, k.is_ranked ORDER BY ROUND(k.value, 12) * k.sign
    ) AS INTEGER) END AS rank,
    CASE WHEN k.missing IS NOT NULL THEN 'not_computed' WHEN t.kpi IS NOT NULL THEN 'withheld'
        ELSE COALESCE(b.status, r.status) END AS status,
    NULLIF(CONCAT_WS('; ', k.missing, CASE WHEN k.missing IS NULL THEN COALESCE(b.reason, r.reason) END,
        'does_not_tie: ' || t.checks, k.note, CASE WHEN k.is_small THEN 'small_denominator' END,
        CASE WHEN k.way = 'given' AND k.value IS NULL AND k.missing IS NULL THEN 'too few orders' END,
        'interval: ' || PRINTF('%.4f … %.4f', k.interval_low, k.interval_high)), '') AS reason,
    k.interval_low, k.interval_high
FROM ranked AS k
JOIN validate_release AS r
    ON r.kind = 'kpi' AND r.output = k.kpi || '.' || k.variant
    AND r.scope = CASE WHEN k.scope_kind = 'company' THEN 'company' ELSE 'parts' END
LEFT JOIN home_branch AS h ON h.scope_kind = k.scope_kind AND h.scope_id = k.scope_id
LEFT JOIN validate_release AS b ON b.kind = 'kpi' AND b.output = r.output AND b.scope = 'branch:' || h.branch_id
LEFT JOIN (
    SELECT kpi, variant, STRING_AGG("check", ', ' ORDER BY "check") AS checks
    FROM kpi_tie WHERE NOT success GROUP BY kpi, variant
) AS t ON t.kpi = k.kpi AND t.variant = k.variant
"""
