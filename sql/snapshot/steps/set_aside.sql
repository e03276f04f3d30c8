/* ---
title: {zh: 一张表中被隔离的行, en: "The rows of a table that are set aside, with the first rule each broke"}
owner: retention
inputs: [typed]
--- */
SELECT
    CAST(:of_table AS VARCHAR) AS "table",
    _file AS "file",
    _line AS "line",
    _column AS "column",
    _value AS "value",
    _rule AS "rule"
FROM typed
WHERE _rule <> 'exact_repeat'
