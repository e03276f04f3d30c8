/* ---
title: {zh: 用户逾期金额, en: Past-due amount of every service}
owner: retention
key: [service_id]
--- */
SELECT
    s.service_id,
    CAST(COALESCE(SUM(a.past_due_amount), 0) AS DECIMAL(18, 2)) AS past_due_amount
FROM features_service AS s
LEFT JOIN features_arrears AS a ON a.service_id = s.service_id
GROUP BY s.service_id
