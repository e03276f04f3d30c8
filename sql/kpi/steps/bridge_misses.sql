/* ---
title: {zh: 收入桥各步之和的差, en: "The largest miss of a scope: base and all causes against what the cohort pays now"}
owner: retention
--- */
WITH scope AS (
    SELECT scope_kind, ABS(SUM(CASE WHEN step = 'current' THEN -amount ELSE amount END)) AS missed
    FROM kpi_bridge
    GROUP BY scope_kind, scope_id
)
SELECT
    'bridge steps' AS "check",
    'revenue_retention_rate' AS kpi,
    'net' AS variant,
    scope_kind,
    0 AS expected,
    MAX(missed) AS found
FROM scope
GROUP BY scope_kind
