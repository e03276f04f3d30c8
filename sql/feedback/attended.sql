/* ---
title: {zh: 活动邀约派单的核验, en: Has who was invited attended the activity}
owner: retention
key: [order_id]
--- */
WITH invited AS (
    SELECT o.order_id, o.customer_id, JSON_EXTRACT_STRING(d.evidence, '$.activity_id') AS activity_id
    FROM feedback_order AS o
    JOIN m1.dispatch_order AS d ON d.order_id = o.order_id
    WHERE o.proof = 'attended'
)
SELECT
    i.order_id,
    CASE WHEN i.activity_id IS NOT NULL THEN COALESCE(g.has_attended, FALSE) END AS is_verified
FROM invited AS i
LEFT JOIN snapshot_activity_guest AS g ON g.activity_id = i.activity_id AND g.customer_id = i.customer_id
