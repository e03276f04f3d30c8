/* ---
title: {zh: 对账结果, en: "What was expected, what was found, and whether it ties"}
owner: retention
inputs: [checked]
--- */
-- The books tie to the fen, whichever of them were there to be compared.
WITH fen AS (
    SELECT
        "check",
        kpi,
        variant,
        scope_kind,
        CAST(expected AS DECIMAL(38, 2)) AS expected,
        CAST(found AS DECIMAL(38, 2)) AS found
    FROM checked
)
SELECT
    "check",
    kpi,
    variant,
    scope_kind,
    expected,
    found,
    found - expected AS difference,
    found = expected AS success
FROM fen
