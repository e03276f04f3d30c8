/* ---
title: {zh: 计分用指标, en: "KPIs of company, branches and managers, and their targets"}
owner: retention
--- */
SELECT
    kpi,
    variant,
    scope_kind,
    scope_id,
    value,
    target,
    status
FROM kpi_monthly
WHERE scope_kind IN ('company', 'branch', 'manager')
