/* ---
title: {zh: 一个口径的状态, en: In which states the company and the parts of a KPI variant are}
owner: retention
--- */
SELECT DISTINCT status
FROM kpi_monthly
WHERE kpi = :kpi AND variant = :variant
