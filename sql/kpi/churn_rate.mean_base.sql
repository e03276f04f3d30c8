/* ---
version: 1
variants:
  mean_base: {zh: 平均在网用户中离网, en: "left the network, of the mean of both months' services"}
--- */
SELECT
    before.customer_id,
    CASE WHEN COALESCE(now.is_in_net, FALSE) THEN 0 ELSE 1 END AS numerator,
    0.5 AS denominator
FROM m1.features_service AS before
LEFT JOIN features_service AS now ON now.service_id = before.service_id
WHERE before.is_in_net
UNION ALL
SELECT customer_id, 0 AS numerator, 0.5 AS denominator
FROM features_service
WHERE is_in_net
