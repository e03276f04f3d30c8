/* ---
title: {zh: 默认口径的目标, en: Targets of default variants}
owner: retention
--- */
SELECT
    kpi,
    scope_kind,
    scope_id,
    target
FROM kpi_monthly
WHERE is_default AND target IS NOT NULL
