/* ---
title: {zh: 在网用户与收入, en: "Services in the network and revenue, by product and by branch"}
owner: retention
inputs: [scope_name]
--- */
WITH part AS (
    SELECT
        'product' AS scope_kind,
        s.service_type AS scope_id,
        CASE WHEN s.is_in_net THEN 1 ELSE 0 END AS in_net,
        CAST(COALESCE(r.revenue, 0) AS DECIMAL(18, 2)) AS revenue
    FROM features_service AS s
    LEFT JOIN features_service_revenue AS r ON r.service_id = s.service_id
    UNION ALL
    SELECT
        'branch' AS scope_kind,
        COALESCE(o.branch_id, 'unclaimed') AS scope_id,
        CASE WHEN s.is_in_net THEN 1 ELSE 0 END AS in_net,
        CAST(0 AS DECIMAL(18, 2)) AS revenue
    FROM features_service AS s
    LEFT JOIN features_owner AS o ON o.customer_id = s.customer_id
    UNION ALL
    SELECT
        'branch' AS scope_kind,
        COALESCE(o.branch_id, 'unclaimed') AS scope_id,
        0 AS in_net,
        r.revenue
    FROM features_revenue AS r
    LEFT JOIN features_owner AS o ON o.customer_id = r.customer_id
),

total AS (
    SELECT
        scope_kind,
        scope_id,
        CAST(SUM(in_net) AS INTEGER) AS base_count,
        CAST(SUM(revenue) AS DECIMAL(18, 2)) AS base_revenue
    FROM part
    GROUP BY scope_kind, scope_id
)

SELECT
    t.scope_kind,
    t.scope_id,
    n.name AS scope_name,
    t.base_count,
    t.base_revenue
FROM total AS t
LEFT JOIN scope_name AS n ON n.scope_kind = t.scope_kind AND n.scope_id = t.scope_id
ORDER BY t.scope_kind, t.scope_id
