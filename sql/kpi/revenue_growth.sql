/* ---
title: {zh: 收入累计同比, en: Revenue growth}
owner: retention
version: 2
was: {1: {zh: 分母过小按金额而不是客户数判断, en: "a small denominator was told by its yuan, not by its customers"}}
unit: ratio
denominator: yuan
better: higher
default: ytd
window: two_years
variants:
  ytd: {zh: 一月至本月收入与上年同期之比, en: "revenue of January to this month, of the same months a year before"}
--- */
SELECT
    customer_id,
    COALESCE(year_revenue_0, 0) AS numerator,
    COALESCE(year_revenue_12, 0) AS denominator
FROM features_revenue_year
