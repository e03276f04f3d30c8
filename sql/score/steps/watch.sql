/* ---
title: {zh: 模型监控, en: The looks at the champion}
owner: retention
inputs: [look]
--- */
SELECT
    CAST(:month AS VARCHAR) AS month,
    measure,
    subject,
    about,
    value,
    expected,
    "limit",
    rows,
    level
FROM look
