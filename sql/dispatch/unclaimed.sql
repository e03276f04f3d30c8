/* ---
title: {zh: 未认领, en: Billed customers without a manager}
purpose: service
priority: 140
holdout: false
assign: branch
due: {day: 5}
verify: claim
needs: [ownership.manager_id]
action: {zh: 支局认领并指定客户经理, en: Branch claims the customer and names a manager}
--- */
SELECT
    r.customer_id,
    CAST(NULL AS VARCHAR) AS service_id,
    0 AS rank_group,
    h.value_at_risk AS rank_value,
    r.revenue AS amount,
    'no_manager' AS reason_code
FROM features_revenue AS r
JOIN features_high_value AS h ON h.customer_id = r.customer_id AND NOT h.is_high_value  -- the others are on vip_allocation
LEFT JOIN features_owner AS o ON o.customer_id = r.customer_id
WHERE r.revenue > 0 AND o.manager_id IS NULL
