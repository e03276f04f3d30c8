/* ---
title: {zh: 用户画像, en: What a line is and whose it is}
owner: retention
key: [service_id]
tolerates: [customer.vip_tier, customer.group_customer_id, service.plan_fee]
model:
  tenure_months: {reason: tenure}
  service_type: {reason: product}
  status: {reason: suspension}
  plan_fee: {reason: price}
  vip_tier_rank: {reason: loyalty}
  is_group_member: {reason: loyalty}
  net_service_count: {reason: bundle}
--- */
SELECT
    s.service_id,
    s.tenure_months,
    s.service_type,
    s.status,
    CAST(k.plan_fee AS DOUBLE) AS plan_fee,
    CASE c.vip_tier WHEN 'none' THEN 0 WHEN 'silver' THEN 1 WHEN 'gold' THEN 2 WHEN 'diamond' THEN 3 END
        AS vip_tier_rank,
    c.group_customer_id IS NOT NULL AS is_group_member,
    n.net_service_count
FROM features_service AS s
JOIN snapshot_service AS k ON k.service_id = s.service_id
JOIN snapshot_customer AS c ON c.customer_id = s.customer_id
JOIN features_customer AS n ON n.customer_id = s.customer_id
