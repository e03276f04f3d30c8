/* ---
title: {zh: 存量收入保有率, en: Revenue retention rate}
owner: retention
version: 2
was: {1: {zh: 分母过小按金额而不是客户数判断, en: "a small denominator was told by its yuan, not by its customers"}}
unit: ratio
denominator: yuan
better: higher
default: net
shown_in: {overall: 4, headline: 4, kept: {net: 2}}
variants:
  net: {zh: 拍照会员本月收入占基期收入, en: "the cohort's revenue now, of its base revenue"}
  gross: {zh: 每户不超过基期的本月收入占基期收入, en: "the same, no customer counted above his base"}
--- */
WITH cohort AS (
    SELECT c.customer_id, c.base_revenue, COALESCE(r.revenue, 0) AS revenue
    FROM features_cohort AS c
    LEFT JOIN features_revenue AS r ON r.customer_id = c.customer_id
)
SELECT customer_id, 'net' AS variant, revenue AS numerator, base_revenue AS denominator
FROM cohort
UNION ALL
SELECT customer_id, 'gross' AS variant, GREATEST(LEAST(revenue, base_revenue), 0) AS numerator,
    base_revenue AS denominator
FROM cohort
