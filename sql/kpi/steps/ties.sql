/* ---
title: {zh: 对账结果, en: "What was expected, what was found, and whether it ties"}
owner: retention
inputs: [checked]
--- */
SELECT
    "check",
    kpi,
    variant,
    scope_kind,
    expected,
    found,
    found - expected AS difference,
    found = expected AS success
FROM checked
