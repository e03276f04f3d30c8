/* ---
title: {zh: 参加抽样的客户, en: "Whoever was drawn until the latest month held, and whoever is to be drawn now (is_drawn is NULL)"}
inputs: [listed]
--- */
SELECT customer_id, stratum, is_drawn, drawn_in
FROM prior.dispatch_holdout
UNION ALL
SELECT n.customer_id, n.stratum, CAST(NULL AS BOOLEAN) AS is_drawn, CAST(:month AS VARCHAR) AS drawn_in
FROM listed AS n
LEFT JOIN prior.dispatch_holdout AS h ON h.customer_id = n.customer_id
WHERE h.customer_id IS NULL
