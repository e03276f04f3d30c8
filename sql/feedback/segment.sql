/* ---
title: {zh: 各分群两组的流失, en: "How many of each arm were lost, and how many were foreseen to be, by list and segment"}
owner: retention
key: [list, segment, arm]
tolerates: [m1.dispatch_segment]
--- */
-- Whoever had no score counts with the share that was lost of all that month, pulled to two in a hundred.
WITH judged AS (
    SELECT
        o.list,
        o.arm,
        COALESCE(g.segment, 'unknown') AS segment,
        g.risk,
        CASE WHEN k.is_verified THEN 0 ELSE 1 END AS is_lost
    FROM feedback_order AS o
    JOIN feedback_kept AS k ON k.order_id = o.order_id
    LEFT JOIN m1.dispatch_segment AS g ON g.customer_id = o.customer_id
    WHERE o.purpose <> 'debt'
),
usual AS (
    SELECT CAST(CAST(SUM(is_lost) + 1 AS DOUBLE) / CAST(COUNT(*) + 50 AS DOUBLE) AS DECIMAL(18, 8)) AS risk
    FROM judged
)
SELECT
    j.list,
    j.segment,
    j.arm,
    COUNT(*) AS order_count,
    CAST(SUM(j.is_lost) AS BIGINT) AS lost_count,
    CAST(SUM(COALESCE(j.risk, u.risk)) AS DECIMAL(28, 8)) AS foreseen_sum
FROM judged AS j
CROSS JOIN usual AS u
GROUP BY j.list, j.segment, j.arm
