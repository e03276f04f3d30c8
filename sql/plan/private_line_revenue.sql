/* ---
title: {zh: 专线出账收入, en: Billed revenue of private lines}
owner: retention
key: [customer_id]
--- */
SELECT s.customer_id, CAST(SUM(r.revenue) AS DECIMAL(18, 2)) AS weight
FROM features_service AS s
JOIN features_service_revenue AS r ON r.service_id = s.service_id
WHERE s.service_type = 'private_line'
GROUP BY s.customer_id
