/* ---
title: {zh: 用户是否出账, en: Whether every service of a month was billed}
owner: retention
--- */
SELECT
    s.service_id,
    s.customer_id,
    COALESCE(r.revenue, 0) > 0 AS is_billed
FROM features_service AS s
LEFT JOIN features_service_revenue AS r ON r.service_id = s.service_id
ORDER BY s.service_id
