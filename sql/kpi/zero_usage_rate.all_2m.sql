/* ---
version: 1
variants:
  all_2m: {zh: 连续两月无通话、短信、流量, en: "no call, no message, no data, two months running"}
--- */
SELECT
    s.customer_id,
    CASE WHEN u.is_zero_all AND before_u.is_zero_all THEN 1 ELSE 0 END AS numerator,
    1 AS denominator
FROM features_service AS s
JOIN features_usage AS u ON u.service_id = s.service_id
JOIN m1.features_service AS before ON before.service_id = s.service_id
JOIN m1.features_usage AS before_u ON before_u.service_id = s.service_id
WHERE s.service_type = 'mobile'
  AND s.is_active
  AND s.activated_on < :first_day
  AND before.is_active
