/* ---
title: {zh: 集团成员手机用户数（记在集团的归属）, en: "Mobile services of a group's members, counted where the group is"}
owner: retention
key: [customer_id]
--- */
SELECT c.group_customer_id AS customer_id, CAST(SUM(f.net_mobile_count) AS INTEGER) AS weight
FROM snapshot_customer AS c
JOIN features_customer AS f ON f.customer_id = c.customer_id
WHERE c.group_customer_id IS NOT NULL AND f.net_mobile_count > 0
GROUP BY c.group_customer_id
