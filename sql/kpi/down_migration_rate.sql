/* ---
title: {zh: 低迁率, en: Down-migration rate}
owner: retention
version: 1
lag: 1
unit: ratio
better: lower
period: sum
default: revenue_drop
variants:
  revenue_drop: {zh: 上月换套餐且收入下降, en: changed plan last month and pays less than the month before it}
--- */
SELECT customer_id, CASE WHEN has_migrated_down THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM features_migration
