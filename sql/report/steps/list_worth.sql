/* ---
title: {zh: 各清单派单的金额与预期收效, en: "What the orders of each list are about, in yuan, and what they are expected to bring"}
owner: retention
--- */
SELECT
    o.list,
    CAST(COUNT(*) AS INTEGER) AS order_count,
    CAST(COALESCE(SUM(o.amount), 0) AS DECIMAL(18, 2)) AS listed_amount,
    CAST(COALESCE(SUM(o.expected_value), 0) AS DECIMAL(18, 2)) AS expected_amount
FROM dispatch_order AS o
JOIN dispatch_list AS l ON l.list = o.list AND l.status IN ('released', 'caveat')
WHERE o.arm = 'treated'
GROUP BY o.list
ORDER BY expected_amount DESC, o.list
