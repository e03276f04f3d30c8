/* ---
title: {zh: 隔离行数, en: Quarantined rows by table and rule}
owner: retention
--- */
SELECT
    "table",
    rule,
    COUNT(*) AS rows
FROM snapshot_quarantine
GROUP BY "table", rule
ORDER BY ALL
