/* ---
version: 2
was: {1: {zh: 离网用户的欠费不计入；分母过小按金额而不是客户数判断, en: "what lines that had ended still owed was left out; a small denominator was told by its yuan, not by its customers"}}
lag: 1
variants:
  rolling_12m: {zh: 前十二个月账单未收金额占其收入, en: "bills of the held ones of the twelve months before, still open, of their revenue"}
note: months_held
--- */
WITH still_open AS (
    SELECT r.customer_id, SUM(r.open_amount) AS open_amount
    FROM features_open_bill AS r
    JOIN features_held_month AS h ON h.month = r.bill_month AND h.months_ago <= 12
    GROUP BY r.customer_id
),
billed AS (
    SELECT
        customer_id,
        COALESCE(revenue_1, 0) + COALESCE(revenue_2, 0) + COALESCE(revenue_3, 0)
        + COALESCE(revenue_4, 0) + COALESCE(revenue_5, 0) + COALESCE(revenue_6, 0)
        + COALESCE(revenue_7, 0) + COALESCE(revenue_8, 0) + COALESCE(revenue_9, 0)
        + COALESCE(revenue_10, 0) + COALESCE(revenue_11, 0) + COALESCE(revenue_12, 0) AS revenue
    FROM features_customer_history
)
SELECT
    COALESCE(v.customer_id, o.customer_id) AS customer_id,
    COALESCE(o.open_amount, 0) AS numerator,
    COALESCE(v.revenue, 0) AS denominator
FROM billed AS v
FULL JOIN still_open AS o ON o.customer_id = v.customer_id
