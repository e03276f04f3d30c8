/* ---
title: {zh: 用户状态与套餐费, en: "What labels are made of: the status of every service of a month"}
owner: retention
--- */
SELECT
    s.service_id,
    s.customer_id,
    s.status,
    s.termination_reason,
    l.plan_fee
FROM features_service AS s
LEFT JOIN features_line_profile AS l ON l.service_id = s.service_id
ORDER BY s.service_id
