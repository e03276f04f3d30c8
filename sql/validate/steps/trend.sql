/* ---
title: {zh: 十三个月的检查结果, en: What each rule saw in the last thirteen months}
inputs: [seen]
--- */
SELECT
    finding,
    month,
    "table",
    columns,
    severity,
    state,
    observed,
    success,
    is_confined,
    unexpected_count,
    element_count
FROM seen
UNION ALL
SELECT
    finding,
    month,
    "table",
    columns,
    severity,
    state,
    observed,
    success,
    is_confined,
    unexpected_count,
    element_count
FROM prior.validate_trend
WHERE month > :oldest
