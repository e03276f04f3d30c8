/* ---
title: {zh: 未认领客户稽核, en: Billed customers without a manager}
owner: retention
key: [subject_id]
needs: [ownership.manager_id]
--- */
SELECT r.customer_id AS subject_id, r.customer_id, r.revenue AS amount
FROM features_revenue AS r
LEFT JOIN features_owner AS o ON o.customer_id = r.customer_id
WHERE r.revenue > 0 AND o.manager_id IS NULL
