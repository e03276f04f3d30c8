/* ---
title: {zh: 零次客户, en: Customers whose every active mobile service has zero usage}
owner: retention
key: [customer_id]
--- */
SELECT
    s.customer_id,
    CAST(COUNT(*) AS INTEGER) AS service_count,
    MIN(s.service_id) AS service_id
FROM features_service AS s
JOIN features_usage AS u ON u.service_id = s.service_id
WHERE s.service_type = 'mobile' AND s.is_active
GROUP BY s.customer_id
HAVING COUNT(*) = COUNT(*) FILTER (WHERE u.is_zero_all AND s.activated_on < :first_day)
