/* ---
title: {zh: 新增与离网用户, en: "Services that came and that left since the month before, by product and by branch"}
owner: retention
inputs: [scope_name]
--- */
WITH moved AS (
    SELECT
        COALESCE(s.service_type, b.service_type) AS product,
        COALESCE(s.customer_id, b.customer_id) AS customer_id,
        COALESCE(s.is_in_net, FALSE) AS is_now,
        COALESCE(b.is_in_net, FALSE) AS was_before
    FROM features_service AS s
    FULL OUTER JOIN m1.features_service AS b ON b.service_id = s.service_id
),

part AS (
    SELECT
        'product' AS scope_kind,
        product AS scope_id,
        is_now,
        was_before
    FROM moved
    UNION ALL
    SELECT
        'branch' AS scope_kind,
        COALESCE(o.branch_id, 'unclaimed') AS scope_id,
        m.is_now,
        m.was_before
    FROM moved AS m
    LEFT JOIN features_owner AS o ON o.customer_id = m.customer_id
),

total AS (
    SELECT
        scope_kind,
        scope_id,
        CAST(SUM(CASE WHEN was_before THEN 1 ELSE 0 END) AS INTEGER) AS before_count,
        CAST(SUM(CASE WHEN is_now AND NOT was_before THEN 1 ELSE 0 END) AS INTEGER) AS new_count,
        CAST(SUM(CASE WHEN was_before AND NOT is_now THEN 1 ELSE 0 END) AS INTEGER) AS lost_count
    FROM part
    GROUP BY scope_kind, scope_id
)

SELECT
    t.scope_kind,
    t.scope_id,
    n.name AS scope_name,
    t.before_count,
    t.new_count,
    t.lost_count
FROM total AS t
LEFT JOIN scope_name AS n ON n.scope_kind = t.scope_kind AND n.scope_id = t.scope_id
ORDER BY t.scope_kind, t.scope_id
