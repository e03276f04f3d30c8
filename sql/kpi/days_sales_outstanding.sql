/* ---
title: {zh: 应收账款周转天数, en: Days sales outstanding}
owner: retention
version: 2
was: {1: {zh: 离网用户的欠费不计入；分母过小按金额而不是客户数判断, en: "what lines that had ended still owed was left out; a small denominator was told by its yuan, not by its customers"}}
unit: days
denominator: yuan
better: lower
default: dso
variants:
  dso: {zh: 未收金额折合本月收入天数, en: "days of this month's revenue that stand open"}
--- */
SELECT
    customer_id,
    open_amount * (DATE_DIFF('day', CAST(:first_day AS DATE), CAST(:last_day AS DATE)) + 1) AS numerator,
    0 AS denominator
FROM features_arrears
UNION ALL
SELECT customer_id, 0 AS numerator, revenue AS denominator
FROM features_revenue
