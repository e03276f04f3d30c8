/* ---
version: 2
was: {1: {zh: 分母过小按金额而不是客户数判断, en: "a small denominator was told by its yuan, not by its customers"}}
variants:
  in_tier: {zh: 仍为中高端的拍照会员收入占比, en: "revenue of cohort customers still high-value, of the cohort's revenue"}
--- */
SELECT
    c.customer_id,
    CASE WHEN h.is_high_value THEN COALESCE(r.revenue, 0) ELSE 0 END AS numerator,
    COALESCE(r.revenue, 0) AS denominator
FROM features_cohort AS c
LEFT JOIN features_revenue AS r ON r.customer_id = c.customer_id
LEFT JOIN features_high_value AS h ON h.customer_id = c.customer_id
