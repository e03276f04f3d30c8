/* ---
title: {zh: 账龄滚动率, en: Roll rate}
owner: retention
version: 2
was: {1: {zh: 本月下一档的全部金额比上月本档金额，不逐张跟踪账单；分母过小按金额而不是客户数判断, en: "all that stood in the next bucket, of what stood in this one a month ago, no bill followed; a small denominator was told by its yuan, not by its customers"}}
unit: ratio
denominator: yuan
better: lower
default: '0_30'
variants:
  '0_30': {zh: 上月账龄 0–30 天的账单，仍未缴清且转入更老的档, en: "0–30 days old a month ago, still open in a later bucket now"}
  '31_60': {zh: 上月账龄 31–60 天的账单，仍未缴清且转入更老的档, en: "31–60 days old a month ago, still open in a later bucket now"}
  '61_90': {zh: 上月账龄 61–90 天的账单，仍未缴清且转入更老的档, en: "61–90 days old a month ago, still open in a later bucket now"}
  '91_180': {zh: 上月账龄 91–180 天的账单，仍未缴清且转入更老的档, en: "91–180 days old a month ago, still open in a later bucket now"}
  '181_365': {zh: 上月账龄 181–365 天的账单，仍未缴清且转入更老的档, en: "181–365 days old a month ago, still open in a later bucket now"}
--- */
-- A bill is followed by its id: what was settled meanwhile, or is newly as old as that, is in no numerator.
SELECT
    b.customer_id,
    b.bucket AS variant,
    CASE WHEN n.bucket <> b.bucket THEN n.open_amount ELSE 0 END AS numerator,
    b.open_amount AS denominator
FROM m1.features_open_bill AS b
LEFT JOIN features_open_bill AS n ON n.bill_id = b.bill_id AND n.age_days > b.age_days
WHERE b.bucket IN ('0_30', '31_60', '61_90', '91_180', '181_365')
