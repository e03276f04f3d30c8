/* ---
title: {zh: 发卡派单的核验, en: Has who was to get a card a valid one}
owner: retention
key: [order_id]
tolerates: [vip_card.expires_on]
--- */
WITH wanted AS (
    SELECT
        o.order_id,
        o.customer_id,
        CASE c.vip_tier WHEN 'silver' THEN 1 WHEN 'gold' THEN 2 WHEN 'diamond' THEN 3 ELSE 0 END AS tier_rank
    FROM feedback_order AS o
    LEFT JOIN snapshot_customer AS c ON c.customer_id = o.customer_id
    WHERE o.proof = 'card'
)
SELECT w.order_id, COUNT(k.card_id) > 0 AS is_verified
FROM wanted AS w
LEFT JOIN snapshot_vip_card AS k
    ON k.customer_id = w.customer_id
    AND k.card_status = 'valid'
    AND CASE k.tier WHEN 'silver' THEN 1 WHEN 'gold' THEN 2 WHEN 'diamond' THEN 3 ELSE 0 END >= w.tier_rank
    AND k.delivered_on <= :last_day
    AND (k.expires_on IS NULL OR k.expires_on > :last_day)
GROUP BY w.order_id
