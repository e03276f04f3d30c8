/* ---
title: {zh: 违反某规则的第一行, en: The first row of a file that broke a rule}
owner: retention
inputs: [quarantine]
--- */
SELECT line, value
FROM quarantine
WHERE
    "table" = :of_table
    AND rule = :of_rule
    AND file = :of_file
    AND "column" IS NOT DISTINCT FROM :of_column
ORDER BY line
LIMIT 1
