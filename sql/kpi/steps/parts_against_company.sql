/* ---
title: {zh: 各范围之和与全公司, en: The sums over the scopes of each kind against the company}
owner: retention
inputs: [part, kind]
--- */
WITH summed AS (  -- what a KPI's own SELECT has placed in a scope is no sum of customers and need not tie
    SELECT kpi, variant, scope_kind, SUM(numerator) AS numerator, SUM(denominator) AS denominator
    FROM part
    WHERE NOT is_placed
    GROUP BY kpi, variant, scope_kind
),
side AS (
    SELECT kpi, variant, scope_kind, 'numerator' AS side, numerator AS amount FROM summed
    UNION ALL
    SELECT kpi, variant, scope_kind, 'denominator', denominator FROM summed
)
SELECT
    k.scope_kind || ' ' || w.side AS "check",
    w.kpi,
    w.variant,
    k.scope_kind,
    w.amount AS expected,
    p.amount AS found
FROM side AS w
CROSS JOIN kind AS k
LEFT JOIN side AS p
    ON p.kpi = w.kpi AND p.variant = w.variant AND p.side = w.side AND p.scope_kind = k.scope_kind
WHERE w.scope_kind = 'company' AND k.scope_kind <> 'company' AND w.amount IS NOT NULL
