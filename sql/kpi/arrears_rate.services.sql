/* ---
version: 1
denominator: count
lag: 0
variants:
  services: {zh: 有逾期账款的在网用户占比, en: services in the network with an item past due}
--- */
WITH late AS (
    SELECT DISTINCT service_id
    FROM features_arrears
    WHERE past_due_count > 0
)
SELECT s.customer_id, CASE WHEN late.service_id IS NULL THEN 0 ELSE 1 END AS numerator, 1 AS denominator
FROM features_service AS s
LEFT JOIN late ON late.service_id = s.service_id
WHERE s.is_in_net
