/* ---
title: {zh: 有效会员卡, en: VIP customers and whether they hold a card of their tier}
owner: retention
key: [customer_id]
--- */
SELECT
    v.customer_id,
    COUNT(k.card_id) > 0 AS has_card
FROM features_vip AS v
LEFT JOIN snapshot_vip_card AS k
    ON k.customer_id = v.customer_id
    AND k.card_status = 'valid'
    AND CASE k.tier WHEN 'silver' THEN 1 WHEN 'gold' THEN 2 WHEN 'diamond' THEN 3 ELSE 0 END >= v.tier_rank
    AND k.delivered_on <= :last_day
    AND (k.expires_on IS NULL OR k.expires_on > :last_day)
GROUP BY v.customer_id
