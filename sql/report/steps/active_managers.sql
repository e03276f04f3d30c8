/* ---
title: {zh: 在岗或有客户的客户经理, en: "Managers who have customers or are active, and the branch of each"}
owner: retention
--- */
WITH known AS (
    SELECT DISTINCT manager_id
    FROM features_owner
    WHERE manager_id IS NOT NULL
    UNION
    SELECT manager_id
    FROM snapshot_account_manager
    WHERE is_active
)
SELECT
    k.manager_id,
    a.branch_id
FROM known AS k
LEFT JOIN snapshot_account_manager AS a ON a.manager_id = k.manager_id
ORDER BY ALL
