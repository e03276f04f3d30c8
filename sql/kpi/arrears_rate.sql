/* ---
title: {zh: 欠费率, en: Arrears rate}
owner: retention
version: 2
was: {1: {zh: 离网用户的欠费不计入；分母过小按金额而不是客户数判断, en: "what lines that had ended still owed was left out; a small denominator was told by its yuan, not by its customers"}}
lag: 1
unit: ratio
denominator: yuan
better: lower
period: sum
target: 0.02
default: t1_amount
shown_in: {overall: 2, headline: 2, kept: {t1_amount: 4}}
variants:
  t1_amount: {zh: 上月账单月末未收金额占上月收入, en: "last month's bills still open, of last month's revenue"}
--- */
WITH still_open AS (
    SELECT r.customer_id, SUM(r.open_amount) AS open_amount
    FROM features_open_bill AS r
    WHERE r.bill_month = :previous_month
    GROUP BY r.customer_id
)
SELECT
    COALESCE(v.customer_id, o.customer_id) AS customer_id,
    COALESCE(o.open_amount, 0) AS numerator,
    COALESCE(v.revenue, 0) AS denominator
FROM m1.features_revenue AS v
FULL JOIN still_open AS o ON o.customer_id = v.customer_id
