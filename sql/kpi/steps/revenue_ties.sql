/* ---
title: {zh: 账单、台账与指标, en: "The bills of the lines that count against the ledger, and the ledger against the KPIs"}
owner: retention
inputs: [part]
--- */
WITH revenue AS (  -- KPI variants that are revenue, and which of their sums it is
    SELECT kpi, variant, scope_kind, denominator AS amount
    FROM part
    WHERE kpi = 'arrears_rate' AND variant = 'current_amount' AND scope_kind = 'company'
    UNION ALL
    SELECT kpi, variant, scope_kind, numerator
    FROM part
    WHERE kpi = 'arpu' AND variant = 'mean_base' AND scope_kind = 'company'
),
billed AS (
    SELECT COALESCE(SUM(b.billed_amount + COALESCE(b.adjustment_amount, 0)), 0) AS amount
    FROM snapshot_bill AS b
    WHERE NOT EXISTS (SELECT 1 FROM snapshot_service AS s WHERE s.service_id = b.service_id AND s.is_excluded)
),
ledger AS (
    SELECT COALESCE(SUM(revenue), 0) AS amount
    FROM features_revenue
)
SELECT 'bills to ledger' AS "check", r.kpi, r.variant, r.scope_kind, b.amount AS expected, l.amount AS found
FROM revenue AS r
CROSS JOIN billed AS b
CROSS JOIN ledger AS l
UNION ALL
SELECT 'ledger to KPI', r.kpi, r.variant, r.scope_kind, l.amount, r.amount
FROM revenue AS r
CROSS JOIN ledger AS l
