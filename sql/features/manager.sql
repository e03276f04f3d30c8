/* ---
title: {zh: 客户经理, en: Account managers who can take orders}
owner: retention
key: [manager_id]
--- */
SELECT manager_id, branch_id, CAST(capacity AS INTEGER) AS capacity
FROM snapshot_account_manager
WHERE is_active
