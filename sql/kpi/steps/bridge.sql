/* ---
title: {zh: 拍照收入桥, en: "The cohort's bridge in every scope, its steps in their order"}
owner: retention
inputs: [level, cause]
--- */
SELECT
    CAST(:month AS VARCHAR) AS month,
    l.scope_kind,
    l.scope_id,
    CAST(o.place AS INTEGER) AS place,
    l.step,
    CAST(SUM(l.amount) AS DECIMAL(18, 2)) AS amount
FROM level AS l
JOIN cause AS o ON o.step = l.step
GROUP BY ALL
