/* ---
title: {zh: 账龄滚动率, en: Roll rate}
owner: retention
version: 2
unit: ratio
denominator: yuan
better: lower
default: '0_30'
variants:
  '0_30': {zh: 上月账龄 0–30 天 转入下一档, en: "0–30 days old a month ago, in the next bucket now"}
  '31_60': {zh: 上月账龄 31–60 天 转入下一档, en: "31–60 days old a month ago, in the next bucket now"}
  '61_90': {zh: 上月账龄 61–90 天 转入下一档, en: "61–90 days old a month ago, in the next bucket now"}
  '91_180': {zh: 上月账龄 91–180 天 转入下一档, en: "91–180 days old a month ago, in the next bucket now"}
  '181_365': {zh: 上月账龄 181–365 天 转入下一档, en: "181–365 days old a month ago, in the next bucket now"}
--- */
SELECT customer_id, '0_30' AS variant, 0 AS numerator, aged_0_30_amount AS denominator
FROM m1.features_arrears
WHERE aged_0_30_amount > 0
UNION ALL
SELECT customer_id, '0_30' AS variant, aged_31_60_amount AS numerator, 0 AS denominator
FROM features_arrears
WHERE aged_31_60_amount > 0
UNION ALL
SELECT customer_id, '31_60' AS variant, 0 AS numerator, aged_31_60_amount AS denominator
FROM m1.features_arrears
WHERE aged_31_60_amount > 0
UNION ALL
SELECT customer_id, '31_60' AS variant, aged_61_90_amount AS numerator, 0 AS denominator
FROM features_arrears
WHERE aged_61_90_amount > 0
UNION ALL
SELECT customer_id, '61_90' AS variant, 0 AS numerator, aged_61_90_amount AS denominator
FROM m1.features_arrears
WHERE aged_61_90_amount > 0
UNION ALL
SELECT customer_id, '61_90' AS variant, aged_91_180_amount AS numerator, 0 AS denominator
FROM features_arrears
WHERE aged_91_180_amount > 0
UNION ALL
SELECT customer_id, '91_180' AS variant, 0 AS numerator, aged_91_180_amount AS denominator
FROM m1.features_arrears
WHERE aged_91_180_amount > 0
UNION ALL
SELECT customer_id, '91_180' AS variant, aged_181_365_amount AS numerator, 0 AS denominator
FROM features_arrears
WHERE aged_181_365_amount > 0
UNION ALL
SELECT customer_id, '181_365' AS variant, 0 AS numerator, aged_181_365_amount AS denominator
FROM m1.features_arrears
WHERE aged_181_365_amount > 0
UNION ALL
SELECT customer_id, '181_365' AS variant, aged_over_365_amount AS numerator, 0 AS denominator
FROM features_arrears
WHERE aged_over_365_amount > 0
