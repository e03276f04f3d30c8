/* ---
title: {zh: 隔离一张表的行最多的规则, en: "The rule that set most rows of a table aside, and its first file"}
owner: retention
inputs: [quarantine]
--- */
SELECT
    rule,
    "column",
    COUNT(*) AS taken,
    MIN(file) AS "file"
FROM quarantine
WHERE "table" = :of_table
GROUP BY rule, "column"
ORDER BY taken DESC, rule
LIMIT 1
