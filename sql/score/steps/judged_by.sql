/* ---
title: {zh: 模型评价维度, en: "By what models are judged: branch, plan and value of every service in Net"}
owner: retention
--- */
SELECT
    s.service_id,
    s.customer_id,
    o.branch_id,
    k.plan_id,
    CAST(h.value_at_risk AS DOUBLE) AS value
FROM features_service AS s
JOIN snapshot_service AS k ON k.service_id = s.service_id
LEFT JOIN features_owner AS o ON o.customer_id = s.customer_id
LEFT JOIN features_high_value AS h ON h.customer_id = s.customer_id
WHERE s.is_in_net
ORDER BY s.service_id
