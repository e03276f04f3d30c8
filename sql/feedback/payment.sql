/* ---
title: {zh: 催缴派单的到账, en: "What came in on the listed bills by the due day, and was not taken back"}
owner: retention
key: [order_id]
again_of:
  m3: {zh: 三个月前催缴派单的到账, en: "What came in on the listed bills of three months ago, and was not taken back since"}
--- */
-- A credit note takes from what is to be covered. Without any money it makes no success.
WITH listed AS (
    SELECT o.order_id, o.amount, o.dispatched_on, o.due_on, i.bill_id
    FROM feedback_order AS o
    LEFT JOIN feedback_item AS i ON i.order_id = o.order_id AND i.is_listed
    WHERE o.proof = 'payment' AND o.amount > 0
),
come AS (
    SELECT l.order_id, SUM(y.amount) AS amount
    FROM listed AS l
    JOIN feedback_money AS y ON y.order_id = l.order_id AND y.bill_id = l.bill_id
    WHERE y.paid_on BETWEEN l.dispatched_on AND l.due_on
    GROUP BY l.order_id
),
credited AS (
    SELECT l.order_id, -SUM(g.amount) AS amount
    FROM listed AS l
    JOIN feedback_ledger AS g ON g.order_id = l.order_id AND g.bill_id = l.bill_id
    WHERE g.kind = 'credit_note' AND g.on_day >= l.dispatched_on
    GROUP BY l.order_id
),
sent AS (
    SELECT order_id, MAX(amount) AS amount
    FROM listed
    GROUP BY order_id
)
SELECT
    s.order_id,
    CAST(COALESCE(y.amount, 0) AS DECIMAL(18, 2)) AS paid_amount,
    CAST(COALESCE(c.amount, 0) AS DECIMAL(18, 2)) AS credited_amount,
    COALESCE(y.amount, 0) > 0 AND COALESCE(y.amount, 0) >= s.amount - COALESCE(c.amount, 0) AS is_verified
FROM sent AS s
LEFT JOIN come AS y ON y.order_id = s.order_id
LEFT JOIN credited AS c ON c.order_id = s.order_id
