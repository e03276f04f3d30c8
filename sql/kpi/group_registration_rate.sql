/* ---
title: {zh: 集团录入率, en: Group registration rate}
owner: retention
version: 1
unit: ratio
better: higher
default: registered
variants:
  registered: {zh: 有出账成员的集团已录入大客户系统, en: groups with a billed member that are registered}
--- */
WITH active_group AS (
    SELECT DISTINCT m.group_customer_id AS customer_id
    FROM snapshot_customer AS m
    JOIN features_revenue AS r ON r.customer_id = m.customer_id
    WHERE r.revenue > 0 AND m.group_customer_id IS NOT NULL
)
SELECT
    g.customer_id,
    CASE WHEN COALESCE(k.is_key_account_registered, FALSE) THEN 1 ELSE 0 END AS numerator,
    1 AS denominator
FROM active_group AS g
LEFT JOIN snapshot_customer AS k ON k.customer_id = g.customer_id
