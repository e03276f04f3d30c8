/* ---
title: {zh: 可抽对照组的客户及其分层, en: Everybody on a persuasion list with their stratum of branch and tier}
inputs: [candidate, list_fact]
--- */
SELECT DISTINCT
    c.customer_id,
    COALESCE(o.branch_id, '-') || '/' || COALESCE(k.vip_tier, '-') AS stratum
FROM candidate AS c
JOIN list_fact AS f ON f.list = c.list AND f.is_held_out
LEFT JOIN features_owner AS o ON o.customer_id = c.customer_id
LEFT JOIN snapshot_customer AS k ON k.customer_id = c.customer_id
