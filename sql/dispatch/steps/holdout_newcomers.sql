/* ---
title: {zh: 首次进入抽样的客户, en: Whoever is on a persuasion list for the first time}
inputs: [listed]
--- */
SELECT n.customer_id, n.stratum
FROM listed AS n
LEFT JOIN prior.dispatch_holdout AS h ON h.customer_id = n.customer_id
WHERE h.customer_id IS NULL
