/* ---
title: {zh: 中高端客户, en: High-value customers}
owner: retention
key: [customer_id]
tolerates: [customer.vip_tier]  # without a tier only the threshold counts
--- */
WITH mean AS (
    -- Held months of m-2 … m in which he had a service in Net; a month that is not held is NULL.
    SELECT
        customer_id,
        CASE WHEN has_net_service_0 THEN revenue_0 ELSE 0 END
        + CASE WHEN has_net_service_1 THEN revenue_1 ELSE 0 END
        + CASE WHEN has_net_service_2 THEN revenue_2 ELSE 0 END AS revenue,
        CASE WHEN has_net_service_0 THEN 1 ELSE 0 END
        + CASE WHEN has_net_service_1 THEN 1 ELSE 0 END
        + CASE WHEN has_net_service_2 THEN 1 ELSE 0 END AS month_count
    FROM features_customer_history
)
SELECT
    c.customer_id,
    -- Whole fen, half a fen up, without a binary fraction in between: the same on every engine.
    CAST(
        CAST((CAST(m.revenue * 200 AS BIGINT) + m.month_count) // NULLIF(m.month_count * 2, 0) AS DECIMAL(18, 0)) * 0.01
        AS DECIMAL(18, 2)
    ) AS value_at_risk,
    c.customer_type = 'individual'
    AND c.net_mobile_count > 0
    AND (
        COALESCE(k.vip_tier IN ('silver', 'gold', 'diamond'), FALSE)
        OR m.revenue >= CAST(:high_value_threshold AS DECIMAL(18, 2)) * m.month_count
    ) AS is_high_value
FROM features_customer AS c
JOIN snapshot_customer AS k ON k.customer_id = c.customer_id
JOIN mean AS m ON m.customer_id = c.customer_id
