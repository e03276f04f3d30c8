/* ---
title: {zh: 客户经理姓名, en: What managers are called}
owner: retention
--- */
SELECT
    'manager' AS scope_kind,
    manager_id AS scope_id,
    name
FROM snapshot_account_manager
