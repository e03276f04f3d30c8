/* ---
title: {zh: 催缴派单的到账, en: What was paid on the listed bills by the due day}
owner: retention
key: [order_id]
tolerates: [payment.bill_id]
--- */
WITH listed AS (
    SELECT order_id, customer_id, amount, due_on
    FROM feedback_order
    WHERE proof = 'payment' AND amount > 0
),
named AS (  -- money that names its bill
    SELECT i.order_id, i.bill_id, SUM(p.amount) AS amount
    FROM feedback_item AS i
    JOIN listed AS o ON o.order_id = i.order_id
    JOIN snapshot_payment AS p ON p.bill_id = i.bill_id AND p.paid_on <= o.due_on
    GROUP BY i.order_id, i.bill_id
),
payer AS (
    SELECT order_id, customer_id
    FROM listed
    UNION
    SELECT order_id, customer_id
    FROM feedback_item
),
loose AS (  -- money that names none: it settles the oldest bill first
    SELECT y.order_id, SUM(p.amount) AS amount
    FROM payer AS y
    JOIN listed AS o ON o.order_id = y.order_id
    JOIN snapshot_payment AS p ON p.customer_id = y.customer_id AND p.bill_id IS NULL AND p.paid_on <= o.due_on
    GROUP BY y.order_id
),
open AS (
    SELECT
        i.order_id,
        i.bill_id,
        i.due_on,
        i.is_listed,
        LEAST(i.open_amount, GREATEST(COALESCE(n.amount, 0), 0)) AS named_amount,
        GREATEST(i.open_amount - COALESCE(n.amount, 0), 0) AS rest_amount
    FROM feedback_item AS i
    LEFT JOIN named AS n ON n.order_id = i.order_id AND n.bill_id = i.bill_id
),
queued AS (
    SELECT
        o.order_id,
        o.is_listed,
        o.named_amount,
        o.rest_amount,
        COALESCE(l.amount, 0) - COALESCE(SUM(o.rest_amount) OVER (
            PARTITION BY o.order_id ORDER BY o.due_on, o.bill_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS left_amount
    FROM open AS o
    LEFT JOIN loose AS l ON l.order_id = o.order_id
),
covered AS (
    SELECT order_id, SUM(named_amount + GREATEST(LEAST(rest_amount, left_amount), 0)) AS amount
    FROM queued
    WHERE is_listed
    GROUP BY order_id
)
SELECT
    o.order_id,
    CAST(COALESCE(c.amount, 0) AS DECIMAL(18, 2)) AS paid_amount,
    COALESCE(c.amount, 0) >= o.amount AS is_verified
FROM listed AS o
LEFT JOIN covered AS c ON c.order_id = o.order_id
