/* ---
title: {zh: 零次率, en: Zero-usage rate}
owner: retention
version: 1
unit: ratio
better: lower
default: all
shown_in: {overall: 7, kept: {all: 3}}
variants:
  all: {zh: 无通话、短信、流量, en: "no call, no message, no data"}
  calls: {zh: 无主叫, en: no call}
--- */
WITH population AS (
    SELECT s.customer_id, u.is_zero_all, u.is_zero_calls
    FROM features_service AS s
    JOIN features_usage AS u ON u.service_id = s.service_id
    WHERE s.service_type = 'mobile' AND s.is_active AND s.activated_on < :first_day
)
SELECT customer_id, 'all' AS variant, CASE WHEN is_zero_all THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM population
UNION ALL
SELECT customer_id, 'calls' AS variant, CASE WHEN is_zero_calls THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM population
