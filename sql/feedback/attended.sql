/* ---
title: {zh: 活动邀约派单的核验, en: Has who was invited attended an activity of the month}
owner: retention
key: [order_id]
--- */
WITH present AS (
    SELECT DISTINCT customer_id
    FROM snapshot_activity_guest
    WHERE has_attended
)
SELECT o.order_id, p.customer_id IS NOT NULL AS is_verified
FROM feedback_order AS o
LEFT JOIN present AS p ON p.customer_id = o.customer_id
WHERE o.proof = 'attended'
