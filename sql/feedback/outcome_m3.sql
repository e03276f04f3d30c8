/* ---
title: {zh: 三个月后的回单与核验, en: What was claimed and what was verified three months later}
owner: retention
key: [order_id]
tolerates: [feedback_payment_m3, feedback_kept_m3, feedback_renewal_m3, m2.feedback_outcome]
--- */
SELECT
    o.order_id,
    o.order_month,
    o.list,
    o.proof,
    o.customer_id,
    o.service_id,
    o.branch_id,
    o.manager_id,
    o.arm,
    o.amount,
    o.due_on,
    o.outcome,
    o.contacted_on,
    o.is_reached,
    o.is_claimed,
    CASE
        WHEN o.proof = 'payment' THEN y.is_verified  -- money may have been taken back since
        WHEN o.proof IN ('kept', 'line') THEN n.is_verified
        WHEN r.first_end_on > :last_day_m2 THEN r.is_verified  -- too late to be judged then
        ELSE v.is_verified  -- the others happen once
    END AS is_verified
FROM feedback_order_m3 AS o
LEFT JOIN feedback_payment_m3 AS y ON y.order_id = o.order_id
LEFT JOIN feedback_kept_m3 AS n ON n.order_id = o.order_id
LEFT JOIN feedback_renewal_m3 AS r ON r.order_id = o.order_id
LEFT JOIN m2.feedback_outcome AS v ON v.order_id = o.order_id
