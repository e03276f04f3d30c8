/* ---
title: {zh: 个人 VIP 资格客户, en: Individual VIP customers}
owner: retention
key: [customer_id]
--- */
SELECT
    c.customer_id,
    CASE k.vip_tier WHEN 'silver' THEN 1 WHEN 'gold' THEN 2 ELSE 3 END AS tier_rank
FROM features_customer AS c
JOIN snapshot_customer AS k ON k.customer_id = c.customer_id
WHERE c.customer_type = 'individual'
  AND c.net_service_count > 0
  AND k.vip_tier IN ('silver', 'gold', 'diamond')
