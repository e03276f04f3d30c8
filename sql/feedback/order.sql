/* ---
title: {zh: 上月派单与回单, en: Last month's orders and what was answered}
owner: retention
key: [order_id]
orders_of: m1
again_of:
  m3: {zh: 三个月前的派单与回单, en: The orders of three months ago and what was answered}
--- */
SELECT
    o.order_id,
    o.month AS order_month,
    o.list,
    COALESCE(r.proof, 'kept') AS proof,
    o.purpose,
    o.customer_id,
    o.service_id,
    o.branch_id,
    o.manager_id,
    o.arm,
    o.amount,
    o.reason_codes,
    o.dispatched_on,
    o.due_on,
    a.outcome,
    a.contacted_on,
    COALESCE(a.is_contact, FALSE) AS is_reached,
    COALESCE(a.is_success, FALSE) AS is_claimed
FROM m1.dispatch_order AS o
LEFT JOIN feedback_rule AS r ON r.list = o.list
LEFT JOIN extract_outcome AS a ON a.order_id = o.order_id
