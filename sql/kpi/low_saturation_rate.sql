/* ---
title: {zh: 低饱和率, en: Low-saturation rate}
owner: retention
version: 1
unit: ratio
better: lower
default: two_months
variants:
  two_months: {zh: 连续两月语音与流量均低于套餐两成, en: "voice and data below a fifth of the bundle, two months running"}
--- */
SELECT customer_id, CASE WHEN is_low_saturation THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM features_saturation
