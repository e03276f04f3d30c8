/* ---
title: {zh: 客户, en: Customers and their services in the network}
owner: retention
key: [customer_id]
--- */
SELECT
    c.customer_id,
    c.customer_type,
    CAST(COUNT(*) FILTER (WHERE s.is_in_net) AS INTEGER) AS net_service_count,
    CAST(COUNT(*) FILTER (WHERE s.is_in_net AND s.service_type = 'mobile') AS INTEGER) AS net_mobile_count
FROM snapshot_customer AS c
LEFT JOIN features_service AS s ON s.customer_id = c.customer_id
GROUP BY c.customer_id, c.customer_type
