/* ---
variants:
  mean_base: {zh: 平均在网用户中离网, en: "left the network, of the mean of both months' services"}
--- */
SELECT
    COALESCE(before.customer_id, now.customer_id) AS customer_id,
    CASE WHEN before.service_id IS NOT NULL AND now.service_id IS NULL THEN 1 ELSE 0 END AS numerator,
    CASE WHEN before.service_id IS NULL OR now.service_id IS NULL THEN 0.5 ELSE 1 END AS denominator
FROM (SELECT service_id, customer_id FROM m1.features_service WHERE is_in_net) AS before
FULL JOIN (SELECT service_id, customer_id FROM features_service WHERE is_in_net) AS now
    ON now.service_id = before.service_id
