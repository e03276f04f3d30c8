/* ---
title: {zh: 各分群两组的流失, en: "How many lines of each arm were lost, and how many were foreseen to be, by list and segment"}
owner: retention
version: 3
key: [list, segment, arm]
tolerates: [m1.dispatch_segment, m1.score_churn, customer.group_customer_id, service.termination_reason]
--- */
-- A contact is about all lines of the customer, and so is what an order is worth: each line counts by its own risk. Cut
-- off for arrears is not lost by what was said. A line without a score counts with the share that was lost of all that
-- month, pulled to two in a hundred. Lines of a customer may leave together: the squares say how much so.
WITH judged AS (
    SELECT
        o.order_id,
        o.list,
        o.arm,
        o.customer_id,
        COALESCE(g.segment, 'unknown') AS segment,
        g.risk IS NOT NULL AS is_scored
    FROM feedback_order AS o
    LEFT JOIN m1.dispatch_segment AS g ON g.customer_id = o.customer_id
    WHERE o.purpose <> 'debt'
),
about AS (  -- the customer, and a group's members
    SELECT order_id, customer_id FROM judged
    UNION
    SELECT j.order_id, c.customer_id
    FROM judged AS j
    JOIN m1.snapshot_customer AS c ON c.group_customer_id = j.customer_id
),
still AS (
    SELECT DISTINCT service_id
    FROM snapshot_service
    WHERE status IN ('active', 'suspended_arrears', 'suspended_request') OR termination_reason = 'arrears'
),
line AS (
    SELECT
        j.list,
        j.segment,
        j.arm,
        j.order_id,
        CASE
            WHEN j.is_scored THEN CAST(ROUND(p.p_voluntary * 100000000) / 100000000 AS DECIMAL(18, 8))
        END AS risk,
        CASE WHEN t.service_id IS NULL THEN 1 ELSE 0 END AS is_lost
    FROM judged AS j
    JOIN about AS a ON a.order_id = j.order_id
    JOIN m1.features_service AS s ON s.customer_id = a.customer_id AND s.is_in_net
    LEFT JOIN m1.score_churn AS p ON p.service_id = s.service_id
    LEFT JOIN still AS t ON t.service_id = s.service_id
),
usual AS (
    SELECT CAST(ROUND(share * 100000000) / 100000000 AS DECIMAL(18, 8)) AS risk
    FROM (SELECT CAST(SUM(is_lost) + 1 AS DOUBLE) / CAST(COUNT(*) + 50 AS DOUBLE) AS share FROM line) AS lost
),
asked AS (
    SELECT
        l.list,
        l.segment,
        l.arm,
        l.order_id,
        CAST(SUM(l.is_lost) AS BIGINT) AS lost_count,
        SUM(COALESCE(l.risk, u.risk)) AS foreseen
    FROM line AS l
    CROSS JOIN usual AS u
    GROUP BY l.list, l.segment, l.arm, l.order_id
)
SELECT
    list,
    segment,
    arm,
    COUNT(*) AS order_count,
    CAST(SUM(lost_count) AS BIGINT) AS lost_count,
    CAST(SUM(lost_count * lost_count) AS BIGINT) AS lost_square_sum,
    CAST(SUM(foreseen) AS DECIMAL(28, 8)) AS foreseen_sum
FROM asked
GROUP BY list, segment, arm
