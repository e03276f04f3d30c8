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
outcomes: [claimed]
script:
- zh: "您好，我们的记录里您目前还没有客户经理。"
  en: "Good day, our records show no account manager for you."
  by: [no_manager]
- zh: "方便核对一下您的联系方式吗？"
  en: "May I check how to reach you?"
- zh: "有什么业务需要办理吗？"
  en: "Is there anything you need?"
evidence:
  zh: "{month} 出账 {amount} 元，没有客户经理[，归属 {branch_id}]"
  en: "{amount} yuan billed in {month}, no manager[, belongs to {branch_id}]"
prior: {probability: 0.02, persuadability: 0.1}
--- */
SELECT
    r.customer_id,
    CAST(NULL AS VARCHAR) AS service_id,
    0 AS rank_group,
    h.value_at_risk AS rank_value,
    r.revenue AS amount,
    'no_manager' AS reason_code,
    o.branch_id
FROM features_revenue AS r
JOIN features_high_value AS h ON h.customer_id = r.customer_id AND NOT h.is_high_value  -- the others are on vip_allocation
LEFT JOIN features_owner AS o ON o.customer_id = r.customer_id
WHERE r.revenue > 0 AND o.manager_id IS NULL
