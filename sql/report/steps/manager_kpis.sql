/* ---
title: {zh: 分公司与客户经理的指标, en: "KPIs of company, branches and managers, and the branch of each manager"}
owner: retention
--- */
SELECT
    k.kpi,
    k.variant,
    k.scope_kind,
    k.scope_id,
    k.value,
    k.target,
    k.gap,
    k.rank,
    k.status,
    k.reason,
    m.branch_id AS home
FROM kpi_monthly AS k
LEFT JOIN snapshot_account_manager AS m ON k.scope_kind = 'manager' AND m.manager_id = k.scope_id
WHERE k.scope_kind IN ('company', 'branch', 'manager')
ORDER BY k.kpi, k.variant, k.scope_kind, k.scope_id
