/* ---
title: {zh: 当年累计收入目标, en: Revenue targets of the year to the month}
owner: retention
key: [scope_kind, scope_id]
tolerates: [prior.features_revenue_target]  # the year's first month that is held begins the sum
--- */
WITH target AS (
    SELECT scope_kind, scope_id, target_value AS target_amount, 1 AS month_count
    FROM snapshot_target
    WHERE kpi = 'revenue'
    UNION ALL
    SELECT scope_kind, scope_id, target_amount, month_count
    FROM prior.features_revenue_target
    WHERE :month_number > 1
)
SELECT
    scope_kind,
    scope_id,
    CAST(SUM(target_amount) AS DECIMAL(18, 2)) AS target_amount,
    CAST(SUM(month_count) AS INTEGER) AS month_count
FROM target
GROUP BY scope_kind, scope_id
