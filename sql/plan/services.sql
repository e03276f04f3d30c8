/* ---
title: {zh: 在网用户数, en: Services in the network}
owner: retention
key: [customer_id]
--- */
SELECT customer_id, net_service_count AS weight
FROM features_customer
WHERE net_service_count > 0
