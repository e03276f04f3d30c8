/* ---
title: {zh: 不属于本月的账单, en: "The first bill of another month, and how many there are"}
owner: retention
inputs: [typed]
--- */
SELECT
    bill_month AS found,
    _file AS "file",
    _line AS "line",
    COUNT(*) OVER () AS "rows"
FROM typed
WHERE _is_readable AND bill_month <> :month
ORDER BY _file, _line
LIMIT 1
