/* ---
version: 3
was:
  1: {zh: 分母过小按金额而不是客户数判断, en: "a small denominator was told by its yuan, not by its customers"}
  2: {zh: 两种引擎对第八位小数的取舍不同, en: "each engine rounded the eighth place in its own way"}
variants:
  ytd_annualised: {zh: 拍照会员本年累计收入年化后占基期前十二个月收入, en: "the cohort's revenue of the year so far, annualised, of its twelve months to the base"}
window: base_year
--- */
SELECT
    c.customer_id,
    CAST(
        ROUND(CAST(COALESCE(y.year_revenue_0, 0) * 12 AS DOUBLE) / :month_number * 100000000) / 100000000 AS DECIMAL(28, 8)
    ) AS numerator,
    COALESCE(b.revenue_0, 0) + COALESCE(b.revenue_1, 0) + COALESCE(b.revenue_2, 0) + COALESCE(b.revenue_3, 0)
    + COALESCE(b.revenue_4, 0) + COALESCE(b.revenue_5, 0) + COALESCE(b.revenue_6, 0) + COALESCE(b.revenue_7, 0)
    + COALESCE(b.revenue_8, 0) + COALESCE(b.revenue_9, 0) + COALESCE(b.revenue_10, 0) + COALESCE(b.revenue_11, 0)
    AS denominator
FROM features_cohort AS c
LEFT JOIN features_revenue_year AS y ON y.customer_id = c.customer_id
LEFT JOIN base.features_customer_history AS b ON b.customer_id = c.customer_id
