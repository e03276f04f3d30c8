/* ---
title: {zh: 客户经理及其名额, en: The managers with their branch and places}
--- */
SELECT manager_id, branch_id, capacity
FROM features_manager
ORDER BY manager_id
