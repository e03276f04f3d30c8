/* ---
title: {zh: 客户十三个月历史, en: Thirteen months of each customer}
owner: retention
key: [customer_id]
carry: {key: customer_id, latest: []}
--- */
SELECT
    c.customer_id,
    COALESCE(r.revenue, CAST(0 AS DECIMAL(18, 2))) AS revenue,
    c.net_service_count > 0 AS has_net_service
FROM features_customer AS c
LEFT JOIN features_revenue AS r ON r.customer_id = c.customer_id
