/* ---
title: {zh: 认领派单的核验, en: Has who was to be claimed a manager at the cut-off}
owner: retention
key: [order_id]
tolerates: [ownership.valid_to]
--- */
WITH owner AS (
    SELECT
        customer_id,
        manager_id,
        ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY valid_from DESC) AS choice
    FROM snapshot_ownership
    WHERE valid_from <= :last_day AND (valid_to IS NULL OR valid_to > :last_day)
)
SELECT o.order_id, w.manager_id IS NOT NULL AS is_verified
FROM feedback_order AS o
LEFT JOIN owner AS w ON w.customer_id = o.customer_id AND w.choice = 1
WHERE o.proof = 'claim'
