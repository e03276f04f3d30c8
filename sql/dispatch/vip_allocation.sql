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
outcomes: [claimed]
script:
- zh: "您好，我是您的专属客户经理。"
  en: "Good day, I am your personal account manager."
  by: [manager_id]
- zh: "方便核对一下您的联系方式和常用需求吗？"
  en: "May I check how to reach you and what matters to you?"
- zh: "以后有业务、账单、故障的问题，直接找我好吗？"
  en: "For orders, bills and faults, will you come straight to me?"
evidence:
  zh: "近三个月月均消费 {amount} 元，属中高端[，本月首次达标{newly_qualified}，现客户经理 {owner_id}][，没有客户经理{no_manager}]"
  en: "{amount} yuan a month on the mean of three months: high-value[, new this month{newly_qualified}, with manager {owner_id}][, without a manager{no_manager}]"
prior: {probability: 0.02, persuadability: 0.1}
--- */
SELECT
    h.customer_id,
    CAST(NULL AS VARCHAR) AS service_id,
    0 AS rank_group,
    h.value_at_risk AS rank_value,
    h.value_at_risk AS amount,
    CASE WHEN o.manager_id IS NULL THEN 'no_manager' ELSE 'newly_qualified' END AS reason_code,
    o.manager_id AS owner_id
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
