/* ---
title: {zh: 户均收入, en: Average revenue per service}
owner: retention
version: 1
unit: amount
better: higher
period: sum
default: mean_base
variants:
  mean_base: {zh: 收入除以月初月末平均在网用户, en: "revenue by the mean of both months' services"}
--- */
SELECT customer_id, revenue AS numerator, 0 AS denominator
FROM features_revenue
UNION ALL
SELECT customer_id, 0 AS numerator, 0.5 AS denominator
FROM features_service
WHERE is_in_net
UNION ALL
SELECT customer_id, 0 AS numerator, 0.5 AS denominator
FROM m1.features_service
WHERE is_in_net
