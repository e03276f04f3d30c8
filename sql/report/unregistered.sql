/* ---
title: {zh: 集团未录入稽核, en: Groups with billed members that are not registered}
owner: retention
key: [subject_id]
--- */
SELECT m.group_customer_id AS subject_id, m.group_customer_id AS customer_id, CAST(SUM(r.revenue) AS DECIMAL(18, 2)) AS amount
FROM snapshot_customer AS m
JOIN features_revenue AS r ON r.customer_id = m.customer_id
LEFT JOIN snapshot_customer AS g ON g.customer_id = m.group_customer_id
WHERE r.revenue > 0
  AND m.group_customer_id IS NOT NULL
  AND g.is_key_account_registered IS DISTINCT FROM TRUE
GROUP BY m.group_customer_id
