/* ---
title: {zh: 对照组与派单组的留存, en: How many of each arm stayed}
owner: retention
key: [list, arm]
--- */
SELECT
    o.list,
    o.arm,
    COUNT(*) AS order_count,
    COUNT(*) FILTER (WHERE k.is_verified) AS kept_count,
    CAST(SUM(k.revenue) AS DECIMAL(28, 2)) AS revenue_sum,
    CAST(SUM(k.revenue * k.revenue) AS DECIMAL(38, 4)) AS revenue_square_sum
FROM feedback_order AS o
JOIN feedback_kept AS k ON k.order_id = o.order_id
GROUP BY o.list, o.arm
