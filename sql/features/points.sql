/* ---
title: {zh: 积分, en: Points of a line's customer}
owner: retention
key: [service_id]
tolerates: [loyalty.points_redeemed]
model:
  points_balance: {reason: loyalty}
  has_redeemed: {reason: loyalty}
--- */
SELECT s.service_id, l.points_balance, l.points_redeemed > 0 AS has_redeemed
FROM features_service AS s
JOIN snapshot_loyalty AS l ON l.customer_id = s.customer_id
