/* ---
version: 2
was: {1: {zh: 离网用户的欠费不计入；分母过小按金额而不是客户数判断, en: "what lines that had ended still owed was left out; a small denominator was told by its yuan, not by its customers"}}
lag: 0
variants:
  current_amount: {zh: 本月账单月末未收金额占本月收入, en: "this month's bills still open, of this month's revenue"}
--- */
WITH still_open AS (
    SELECT r.customer_id, SUM(r.open_amount) AS open_amount
    FROM features_open_bill AS r
    WHERE r.bill_month = :month
    GROUP BY r.customer_id
)
SELECT
    COALESCE(v.customer_id, o.customer_id) AS customer_id,
    COALESCE(o.open_amount, 0) AS numerator,
    COALESCE(v.revenue, 0) AS denominator
FROM features_revenue AS v
FULL JOIN still_open AS o ON o.customer_id = v.customer_id
