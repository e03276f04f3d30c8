/* ---
title: {zh: 零资费电路稽核, en: "Circuits in use without a charge, to be looked into"}
owner: retention
key: [subject_id]
needs: [service.is_fee_waiver_approved]
--- */
SELECT s.service_id AS subject_id, s.customer_id, CAST(0 AS DECIMAL(18, 2)) AS amount
FROM features_service AS s
JOIN snapshot_service AS k ON k.service_id = s.service_id
LEFT JOIN features_service_revenue AS r ON r.service_id = s.service_id
WHERE s.service_type = 'private_line'
  AND s.is_active
  AND COALESCE(r.revenue, 0) = 0
  AND k.is_fee_waiver_approved IS DISTINCT FROM TRUE
