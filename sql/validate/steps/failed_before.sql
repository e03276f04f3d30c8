/* ---
title: {zh: 以前各月未通过的检查, en: What failed in earlier months and concerns more than one branch}
--- */
SELECT finding, month, "table", columns, severity, state
FROM prior.validate_trend
WHERE NOT success AND NOT is_confined
