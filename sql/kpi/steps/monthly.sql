/* ---
title: {zh: 指标长表, en: "The long table of KPIs: value, target, gap, rank, interval and status"}
owner: retention
inputs: [scoped, fact, target, home]
--- */
-- Ranks compare values at twelve places: equal quotients of yuan may differ in the last bit of a double.
-- A delivered target is the default variant's; that of a touch point can only be meant for the variant of touch points.
WITH measured AS (
    SELECT
        s.kpi,
        s.variant,
        s.scope_kind,
        s.scope_id,
        s.numerator,
        s.denominator,
        s.value,
        s.is_small,
        s.low,
        s.high,
        COALESCE(CAST(t.target_value AS DOUBLE), CASE WHEN f.is_default THEN f.target END) AS target,
        f.sign,
        f.way,
        COALESCE(f.missing, s.untold) AS missing,
        f.note,
        f.is_default,
        CASE WHEN f.interval = 'wilson' AND s.denominator > 0 THEN CAST(s.denominator AS DOUBLE) END AS counted
    FROM scoped AS s
    JOIN fact AS f ON f.kpi = s.kpi AND f.variant = s.variant
    LEFT JOIN target AS t
        ON (f.is_default OR f.variant = t.scope_kind)
        AND t.kpi = s.kpi AND t.scope_kind = s.scope_kind AND t.scope_id = s.scope_id
),
wilson AS (  -- Wilson's score interval of a share, 95 %: (centre ± reach) / scale; NULL of what is no share
    SELECT
        *,
        value + 3.8414588206941254 / (2 * counted) AS centre,
        1.959963984540054 * SQRT((value * (1 - value) + 3.8414588206941254 / (4 * counted)) / counted) AS reach,
        1 + 3.8414588206941254 / counted AS scale
    FROM measured
),
valued AS (
    SELECT
        *,
        CASE WHEN counted IS NULL THEN low ELSE (centre - reach) / scale END AS interval_low,
        CASE WHEN counted IS NULL THEN high ELSE (centre + reach) / scale END AS interval_high,
        value IS NOT NULL AND NOT is_small AND scope_kind <> 'company' AND scope_id <> 'unclaimed' AS is_ranked
    FROM wilson
),
untied AS (
    SELECT kpi, variant, STRING_AGG("check", ', ' ORDER BY "check") AS checks
    FROM kpi_tie
    WHERE NOT success
    GROUP BY kpi, variant
)
SELECT
    CAST(:month AS VARCHAR) AS month,
    k.kpi,
    k.variant,
    k.is_default,
    k.scope_kind,
    k.scope_id,
    k.numerator,
    k.denominator,
    k.value,
    k.target,
    k.value - k.target AS gap,
    CASE WHEN k.is_ranked THEN CAST(RANK() OVER (
        PARTITION BY k.kpi, k.variant, k.scope_kind, k.is_ranked ORDER BY ROUND(k.value, 12) * k.sign
    ) AS INTEGER) END AS rank,
    CASE
        WHEN k.missing IS NOT NULL THEN 'not_computed'
        WHEN t.kpi IS NOT NULL THEN 'withheld'
        ELSE COALESCE(b.status, r.status)
    END AS status,
    NULLIF(CONCAT_WS(
        '; ',
        k.missing,
        CASE WHEN k.missing IS NULL THEN COALESCE(b.reason, r.reason) END,
        'does_not_tie: ' || t.checks,
        k.note,
        CASE WHEN k.is_small THEN 'small_denominator' END,
        CASE WHEN k.way = 'given' AND k.value IS NULL AND k.missing IS NULL THEN 'too few orders' END,
        'interval: ' || PRINTF('%.4f … %.4f', k.interval_low, k.interval_high)
    ), '') AS reason,
    k.interval_low,
    k.interval_high
FROM valued AS k
JOIN validate_release AS r
    ON r.kind = 'kpi'
    AND r.output = k.kpi || '.' || k.variant
    AND r.scope = CASE WHEN k.scope_kind = 'company' THEN 'company' ELSE 'parts' END
LEFT JOIN home AS h ON h.scope_kind = k.scope_kind AND h.scope_id = k.scope_id
LEFT JOIN validate_release AS b
    ON b.kind = 'kpi' AND b.output = r.output AND b.scope = 'branch:' || h.branch_id
LEFT JOIN untied AS t ON t.kpi = k.kpi AND t.variant = k.variant
