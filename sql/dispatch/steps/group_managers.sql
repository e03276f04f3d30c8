/* ---
title: {zh: 集团客户的主要客户经理, en: "By branch and group, the manager who has most of the group's customers there"}
inputs: [wanted_order]
--- */
SELECT m.branch_id, k.group_customer_id, o.manager_id
FROM snapshot_customer AS k
JOIN features_owner AS o ON o.customer_id = k.customer_id
JOIN features_manager AS m ON m.manager_id = o.manager_id
WHERE k.group_customer_id IN (
    SELECT group_customer_id
    FROM wanted_order
    WHERE assign = 'allocate' AND NOT can_work
)
GROUP BY m.branch_id, k.group_customer_id, o.manager_id
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY m.branch_id, k.group_customer_id ORDER BY COUNT(*) DESC, o.manager_id
) = 1
