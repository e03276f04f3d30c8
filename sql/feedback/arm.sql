/* ---
title: {zh: 对照组与派单组的留存, en: How many of each arm stayed}
owner: retention
key: [list, arm]
--- */
WITH changed AS (  -- against the order's own month: who stands on a list for months differs from others every time alike
    SELECT k.order_id, k.is_verified, k.revenue - COALESCE(b.revenue, 0) AS revenue
    FROM feedback_kept AS k
    LEFT JOIN feedback_before AS b ON b.order_id = k.order_id
)
SELECT
    o.list,
    o.arm,
    COUNT(*) AS order_count,
    COUNT(*) FILTER (WHERE c.is_verified) AS kept_count,
    CAST(SUM(c.revenue) AS DECIMAL(28, 2)) AS revenue_sum,
    CAST(SUM(c.revenue * c.revenue) AS DECIMAL(38, 4)) AS revenue_square_sum
FROM feedback_order AS o
JOIN changed AS c ON c.order_id = o.order_id
GROUP BY o.list, o.arm
