/* ---
title: {zh: 一张表各行的去向, en: "What became of the rows of a table, counted"}
owner: retention
inputs: [typed]
--- */
SELECT
    COUNT(*) AS rows_in,
    COUNT(*) FILTER (WHERE _rule IS NULL) AS accepted,
    COUNT(*) FILTER (WHERE _rule = 'exact_repeat') AS repeats,
    COUNT(*) FILTER (WHERE _rule <> 'exact_repeat') AS quarantined
FROM typed
