/* ---
title: {zh: 收缴效率, en: Collection effectiveness index}
owner: retention
version: 2
was: {1: {zh: 离网用户的欠费不计入；分母过小按金额而不是客户数判断, en: "what lines that had ended still owed was left out; a small denominator was told by its yuan, not by its customers"}}
unit: ratio
denominator: yuan
better: higher
default: cei
variants:
  cei: {zh: 本月应收中已收回的比例, en: "collected, of what could be collected: open a month ago and billed, less what is open now"}
--- */
SELECT customer_id, open_amount AS numerator, open_amount AS denominator
FROM m1.features_arrears
UNION ALL
SELECT customer_id, revenue AS numerator, revenue AS denominator
FROM features_revenue
UNION ALL
SELECT customer_id, -open_amount AS numerator, 0 AS denominator
FROM features_arrears
UNION ALL
SELECT r.customer_id, 0 AS numerator, -r.open_amount AS denominator
FROM features_open_bill AS r
WHERE r.bill_month = :month
