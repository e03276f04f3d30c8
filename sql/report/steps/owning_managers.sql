/* ---
title: {zh: 有客户的客户经理, en: "Managers who have customers, where the operator delivers no managers"}
owner: retention
--- */
SELECT DISTINCT manager_id
FROM features_owner
WHERE manager_id IS NOT NULL
ORDER BY ALL
