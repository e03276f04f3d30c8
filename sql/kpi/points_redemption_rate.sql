/* ---
title: {zh: 积分兑换率, en: Points redemption rate}
owner: retention
version: 1
lag: 1
unit: ratio
better: higher
period: sum
default: listed
variants:
  listed: {zh: 上月积分派单客户中本月兑换, en: customers with a points order of last month who redeemed}
--- */
SELECT DISTINCT
    o.customer_id,
    CASE WHEN l.points_redeemed > 0 THEN 1 ELSE 0 END AS numerator,
    1 AS denominator
FROM m1.dispatch_order AS o
LEFT JOIN snapshot_loyalty AS l ON l.customer_id = o.customer_id
WHERE o.list = 'points_redemption' AND o.arm = 'treated'
