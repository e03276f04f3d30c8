/* ---
title: {zh: 零资费电路, en: Circuits without a charge}
owner: retention
version: 1
unit: count
better: lower
target: 0
default: count
variants:
  count: {zh: 在用、无收入、无减免审批的专线, en: "private lines in use, billed nothing, no approved waiver"}
--- */
SELECT s.customer_id, 1 AS numerator
FROM features_service AS s
JOIN snapshot_service AS k ON k.service_id = s.service_id
LEFT JOIN features_service_revenue AS r ON r.service_id = s.service_id
WHERE s.service_type = 'private_line'
  AND s.is_active
  AND COALESCE(r.revenue, 0) = 0
  AND k.is_fee_waiver_approved IS DISTINCT FROM TRUE
