/* ---
title: {zh: 未认领率, en: Unclaimed rate}
owner: retention
version: 2
was: {1: {zh: 分母过小按金额而不是客户数判断, en: "a small denominator was told by its yuan, not by its customers"}}
unit: ratio
denominator: yuan
better: lower
default: customers
needs: [ownership.manager_id]
shown_in: {overall: 8}
variants:
  customers: {zh: 无客户经理的出账客户, en: billed customers without a manager}
  revenue: {zh: 无客户经理客户的收入, en: their revenue}
--- */
WITH billed AS (
    SELECT r.customer_id, r.revenue, CASE WHEN o.manager_id IS NULL THEN 1 ELSE 0 END AS is_unclaimed
    FROM features_revenue AS r
    LEFT JOIN features_owner AS o ON o.customer_id = r.customer_id
    WHERE r.revenue > 0
)
SELECT customer_id, 'customers' AS variant, is_unclaimed AS numerator, 1 AS denominator
FROM billed
UNION ALL
SELECT customer_id, 'revenue' AS variant, is_unclaimed * revenue AS numerator, revenue AS denominator
FROM billed
