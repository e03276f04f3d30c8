/* ---
title: {zh: 回单与核验, en: What was claimed and what was verified}
owner: retention
key: [order_id]
tolerates:
  - feedback_payment
  - feedback_kept
  - feedback_renewal
  - feedback_card
  - feedback_points
  - feedback_claim
  - feedback_attended
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
    COALESCE(r.is_judged_later, FALSE) AS is_judged_later,
    CASE o.proof
        WHEN 'payment' THEN y.is_verified
        WHEN 'kept' THEN n.is_verified
        WHEN 'line' THEN n.is_verified
        WHEN 'renewal' THEN r.is_verified
        WHEN 'card' THEN k.is_verified
        WHEN 'points' THEN p.is_verified
        WHEN 'claim' THEN c.is_verified
        WHEN 'attended' THEN t.is_verified
    END AS is_verified
FROM feedback_order AS o
LEFT JOIN feedback_payment AS y ON y.order_id = o.order_id
LEFT JOIN feedback_kept AS n ON n.order_id = o.order_id
LEFT JOIN feedback_renewal AS r ON r.order_id = o.order_id
LEFT JOIN feedback_card AS k ON k.order_id = o.order_id
LEFT JOIN feedback_points AS p ON p.order_id = o.order_id
LEFT JOIN feedback_claim AS c ON c.order_id = o.order_id
LEFT JOIN feedback_attended AS t ON t.order_id = o.order_id
