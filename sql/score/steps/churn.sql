/* ---
title: {zh: 流失评分, en: "Chances, decile and reasons of every service that was scored"}
owner: retention
inputs: [scored, reasoned]
--- */
WITH ranked AS (
    SELECT
        service_id,
        customer_id,
        p_voluntary,
        p_involuntary,
        p_down_migration,
        RANK() OVER (ORDER BY p_voluntary DESC) - 1 AS above,
        COUNT(*) OVER () AS base
    FROM scored
)
SELECT
    CAST(:month AS VARCHAR) AS month,
    r.service_id,
    r.customer_id,
    r.p_voluntary,
    r.p_involuntary,
    r.p_down_migration,
    CAST(r.above * 10 // r.base + 1 AS INTEGER) AS decile,
    w.reason_1,
    w.reason_2,
    w.reason_3,
    :version AS model_version
FROM ranked AS r
LEFT JOIN reasoned AS w ON w.service_id = r.service_id
