/* ---
title: {zh: 客保率, en: Cohort retention rate}
owner: retention
version: 1
unit: ratio
better: higher
default: billed
shown_in: {overall: 5, kept: {billed: 1}}
variants:
  billed: {zh: 拍照会员本月出账, en: cohort customers billed this month}
--- */
SELECT c.customer_id, CASE WHEN r.revenue > 0 THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM features_cohort AS c
LEFT JOIN features_revenue AS r ON r.customer_id = c.customer_id
