/* ---
title: {zh: 资格会员动态保有率, en: Dynamic retention of VIP members}
owner: retention
version: 1
unit: ratio
better: higher
period: sum
default: rolling
shown_in: {overall: 6}
variants:
  rolling: {zh: 上月资格会员本月仍为会员且出账, en: "last month's members who are members still and billed"}
--- */
SELECT
    before.customer_id,
    CASE WHEN now.customer_id IS NOT NULL AND r.revenue > 0 THEN 1 ELSE 0 END AS numerator,
    1 AS denominator
FROM m1.features_vip AS before
LEFT JOIN features_vip AS now ON now.customer_id = before.customer_id
LEFT JOIN features_revenue AS r ON r.customer_id = before.customer_id
