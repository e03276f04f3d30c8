/* ---
title: {zh: 维系费用核销表, en: Retention expenses tied to orders}
owner: retention
key: [claim_id]
tolerates: [expense_claim.order_id, expense_claim.purpose, m1.dispatch_order, m2.dispatch_order, m3.dispatch_order]
--- */
WITH sent AS (
    SELECT order_id, customer_id, manager_id, list, arm FROM m1.dispatch_order
    UNION ALL
    SELECT order_id, customer_id, manager_id, list, arm FROM m2.dispatch_order
    UNION ALL
    SELECT order_id, customer_id, manager_id, list, arm FROM m3.dispatch_order
)
SELECT
    e.claim_id,
    e.manager_id,
    e.order_id,
    o.customer_id,
    o.list,
    e.claimed_on,
    e.amount,
    e.purpose,
    CASE
        WHEN e.order_id IS NULL THEN 'no_order'
        WHEN o.order_id IS NULL OR o.arm <> 'treated' THEN 'order_unknown'
        WHEN o.manager_id IS NULL OR o.manager_id <> e.manager_id THEN 'other_manager'
        ELSE 'tied'
    END AS state
FROM snapshot_expense_claim AS e
LEFT JOIN sent AS o ON o.order_id = e.order_id
