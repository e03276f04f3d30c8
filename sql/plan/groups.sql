/* ---
title: {zh: 在网集团客户数, en: Groups with a service in the network}
owner: retention
key: [customer_id]
--- */
SELECT customer_id, 1 AS weight
FROM features_customer
WHERE customer_type = 'group' AND net_service_count > 0
