/* ---
title: {zh: 一项口径按支局与客户经理的合计, en: "A measure by branch and manager, the unclaimed among both"}
owner: retention
inputs: [measure]
--- */
SELECT
    COALESCE(o.branch_id, 'unclaimed') AS branch_id,
    COALESCE(o.manager_id, 'unclaimed') AS manager_id,
    CAST(SUM(w.weight) AS DECIMAL(28, 6)) AS weight
FROM measure AS w
LEFT JOIN features_owner AS o ON o.customer_id = w.customer_id
GROUP BY COALESCE(o.branch_id, 'unclaimed'), COALESCE(o.manager_id, 'unclaimed')
