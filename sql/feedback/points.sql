/* ---
title: {zh: 积分派单的核验, en: Did who was to redeem points redeem some}
owner: retention
key: [order_id]
--- */
SELECT o.order_id, COALESCE(l.points_redeemed > 0, FALSE) AS is_verified
FROM feedback_order AS o
LEFT JOIN snapshot_loyalty AS l ON l.customer_id = o.customer_id
WHERE o.proof = 'points'
