/* ---
title: {zh: 新增高端, en: New high-value customers}
purpose: service
priority: 130
holdout: false
assign: allocate        # gives a manager of the branch to those without one
remember: true          # nobody is new twice
due: {day: 10}
verify: claim
needs: [ownership.manager_id]
tolerates: [m1.features_high_value, prior.dispatch_listed]  # in the first month only those without a manager are new
action: {zh: 分配客户经理，首次联系建档, en: First contact by the new manager}
--- */
SELECT
    h.customer_id,
    CAST(NULL AS VARCHAR) AS service_id,
    0 AS rank_group,
    h.value_at_risk AS rank_value,
    h.value_at_risk AS amount,
    CASE WHEN o.manager_id IS NULL THEN 'no_manager' ELSE 'newly_qualified' END AS reason_code
FROM features_high_value AS h
LEFT JOIN features_owner AS o ON o.customer_id = h.customer_id
LEFT JOIN m1.features_high_value AS before ON before.customer_id = h.customer_id
LEFT JOIN prior.dispatch_listed AS listed ON listed.customer_id = h.customer_id AND listed.list = 'vip_allocation'
WHERE h.is_high_value
  AND (
    o.manager_id IS NULL
    OR (
        :is_previous_month_held
        AND before.is_high_value IS DISTINCT FROM TRUE
        AND listed.customer_id IS NULL
    )
  )
