/* ---
title: {zh: 在册的支局与客户经理, en: "The managers of each branch, with customers or without"}
owner: retention
--- */
SELECT DISTINCT branch_id, manager_id
FROM features_manager
WHERE branch_id IS NOT NULL
