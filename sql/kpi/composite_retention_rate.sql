/* ---
title: {zh: 综合保有率, en: Composite retention rate}
owner: retention
version: 2
was: {1: {zh: 分母过小按金额而不是客户数判断, en: "a small denominator was told by its yuan, not by its customers"}}
unit: ratio
denominator: yuan
better: higher
default: mean
value: mean
variants:
  mean: {zh: 客保率与存量收入保有率的平均, en: mean of the cohort and the revenue retention rate}
--- */
WITH cohort AS (
    SELECT c.customer_id, c.base_revenue, COALESCE(r.revenue, 0) AS revenue
    FROM features_cohort AS c
    LEFT JOIN features_revenue AS r ON r.customer_id = c.customer_id
)
SELECT customer_id, 'customers' AS part, CASE WHEN revenue > 0 THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM cohort
UNION ALL
SELECT customer_id, 'revenue' AS part, revenue AS numerator, base_revenue AS denominator
FROM cohort
