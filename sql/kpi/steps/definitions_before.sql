/* ---
title: {zh: 以前各月的指标版本, en: "The versions of KPIs that the latest month held knows, and since when"}
owner: retention
--- */
SELECT kpi, variant, version, meaning, since_month
FROM prior.kpi_definition
