/* ---
title: {zh: 有客户归属的支局与客户经理, en: The branches and managers that customers belong to}
owner: retention
--- */
SELECT DISTINCT branch_id, manager_id
FROM features_owner
WHERE branch_id IS NOT NULL
