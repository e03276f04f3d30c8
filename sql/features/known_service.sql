/* ---
title: {zh: 已知用户, en: "Every service that a month held has known, as it was last"}
owner: retention
key: [service_id]
tolerates: [prior.features_known_service, service.is_excluded]
--- */
SELECT service_id, customer_id, service_type, COALESCE(is_excluded, FALSE) AS is_excluded
FROM snapshot_service
UNION ALL
SELECT p.service_id, p.customer_id, p.service_type, p.is_excluded
FROM prior.features_known_service AS p
LEFT JOIN snapshot_service AS s ON s.service_id = p.service_id
WHERE s.service_id IS NULL
