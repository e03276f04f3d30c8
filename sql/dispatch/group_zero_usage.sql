/* ---
title: {zh: 集团零次户, en: Groups with members of zero usage}
purpose: service
priority: 80
holdout: true
due: {day: 12}
action: {zh: 与集团联系人核实零次成员, en: Ask the contact of the group about members who use nothing}
--- */
SELECT
    k.group_customer_id AS customer_id,
    CAST(NULL AS VARCHAR) AS service_id,
    0 AS rank_group,
    CAST(SUM(h.value_at_risk) AS DECIMAL(18, 2)) AS rank_value,
    CAST(SUM(h.value_at_risk) AS DECIMAL(18, 2)) AS amount,
    'zero_usage' AS reason_code
FROM features_zero_usage AS z
JOIN snapshot_customer AS k ON k.customer_id = z.customer_id
JOIN features_high_value AS h ON h.customer_id = z.customer_id
WHERE k.group_customer_id IS NOT NULL
GROUP BY k.group_customer_id
