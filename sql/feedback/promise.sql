/* ---
title: {zh: 缴费承诺台账, en: Promises to pay}
owner: retention
key: [order_id]
orders_of: m1 m2 m3
tolerates:
  - payment.bill_id
  - feedback_order
  - feedback_item
  - snapshot_adjustment
  - m1.snapshot_adjustment
  - m2.snapshot_adjustment
  - m1.snapshot_payment
  - m2.snapshot_payment
  - m1.feedback_order
  - m2.feedback_order
  - m1.feedback_item
  - m2.feedback_item
--- */
WITH sent AS (  -- the orders of the three months before, each as the month after it has recorded it
    SELECT order_id, order_month, customer_id, branch_id, manager_id, dispatched_on FROM feedback_order
    UNION ALL
    SELECT order_id, order_month, customer_id, branch_id, manager_id, dispatched_on FROM m1.feedback_order
    UNION ALL
    SELECT order_id, order_month, customer_id, branch_id, manager_id, dispatched_on FROM m2.feedback_order
),
item AS (
    SELECT order_id, bill_id, customer_id, open_amount, due_on, is_listed FROM feedback_item
    UNION ALL
    SELECT order_id, bill_id, customer_id, open_amount, due_on, is_listed FROM m1.feedback_item
    UNION ALL
    SELECT order_id, bill_id, customer_id, open_amount, due_on, is_listed FROM m2.feedback_item
),
money AS (
    SELECT customer_id, bill_id, paid_on, amount FROM snapshot_payment
    UNION ALL
    SELECT customer_id, bill_id, paid_on, amount FROM m1.snapshot_payment
    UNION ALL
    SELECT customer_id, bill_id, paid_on, amount FROM m2.snapshot_payment
),
credit AS (
    SELECT bill_id, adjusted_on, amount FROM snapshot_adjustment
    UNION ALL
    SELECT bill_id, adjusted_on, amount FROM m1.snapshot_adjustment
    UNION ALL
    SELECT bill_id, adjusted_on, amount FROM m2.snapshot_adjustment
),
promise AS (  -- those whose days of grace were not over when this month began
    SELECT
        o.order_id,
        o.order_month,
        o.customer_id,
        o.branch_id,
        o.manager_id,
        o.dispatched_on,
        p.contacted_on,
        p.promised_amount,
        p.promised_on,
        CAST(p.promised_on + INTERVAL 3 DAY AS DATE) AS grace_on
    FROM extract_promise AS p
    JOIN sent AS o ON o.order_id = p.order_id
    WHERE CAST(p.promised_on + INTERVAL 3 DAY AS DATE) >= CAST(:first_day AS DATE)
),
credited AS (  -- what was taken off before the order's cut-off is not in the open amount any more
    SELECT i.order_id, i.bill_id, SUM(c.amount) AS amount
    FROM promise AS p
    JOIN item AS i ON i.order_id = p.order_id
    JOIN credit AS c
        ON c.bill_id = i.bill_id
        AND c.adjusted_on >= CAST(p.order_month || '-01' AS DATE) + INTERVAL 1 MONTH
        AND c.adjusted_on <= p.grace_on
    GROUP BY i.order_id, i.bill_id
),
named AS (
    SELECT i.order_id, i.bill_id, SUM(y.amount) AS amount
    FROM promise AS p
    JOIN item AS i ON i.order_id = p.order_id
    JOIN money AS y
        ON y.bill_id = i.bill_id
        AND y.paid_on >= COALESCE(p.contacted_on, p.dispatched_on)
        AND y.paid_on <= p.grace_on
    GROUP BY i.order_id, i.bill_id
),
payer AS (
    SELECT order_id, customer_id FROM promise
    UNION
    SELECT i.order_id, i.customer_id FROM item AS i JOIN promise AS p ON p.order_id = i.order_id
),
loose AS (
    SELECT r.order_id, SUM(y.amount) AS amount
    FROM payer AS r
    JOIN promise AS p ON p.order_id = r.order_id
    JOIN money AS y
        ON y.customer_id = r.customer_id
        AND y.bill_id IS NULL
        AND y.paid_on >= COALESCE(p.contacted_on, p.dispatched_on)
        AND y.paid_on <= p.grace_on
    GROUP BY r.order_id
),
open AS (  -- what a credit note has taken off a bill nobody can pay on it any more
    SELECT
        i.order_id,
        i.bill_id,
        i.due_on,
        i.is_listed,
        COALESCE(c.amount, 0) AS credited_amount,
        LEAST(GREATEST(i.open_amount + COALESCE(c.amount, 0), 0), GREATEST(COALESCE(n.amount, 0), 0)) AS named_amount,
        GREATEST(i.open_amount + COALESCE(c.amount, 0) - COALESCE(n.amount, 0), 0) AS rest_amount
    FROM item AS i
    JOIN promise AS p ON p.order_id = i.order_id
    LEFT JOIN credited AS c ON c.order_id = i.order_id AND c.bill_id = i.bill_id
    LEFT JOIN named AS n ON n.order_id = i.order_id AND n.bill_id = i.bill_id
),
queued AS (
    SELECT
        o.order_id,
        o.is_listed,
        o.credited_amount,
        o.named_amount,
        o.rest_amount,
        COALESCE(l.amount, 0) - COALESCE(SUM(o.rest_amount) OVER (
            PARTITION BY o.order_id ORDER BY o.due_on, o.bill_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS left_amount
    FROM open AS o
    LEFT JOIN loose AS l ON l.order_id = o.order_id
),
covered AS (
    SELECT
        order_id,
        SUM(named_amount + GREATEST(LEAST(rest_amount, left_amount), 0)) AS paid_amount,
        -SUM(credited_amount) AS credited_amount
    FROM queued
    WHERE is_listed
    GROUP BY order_id
)
SELECT
    p.order_id,
    p.order_month,
    p.customer_id,
    p.branch_id,
    p.manager_id,
    p.contacted_on,
    p.promised_amount,
    p.promised_on,
    p.grace_on,
    CAST(COALESCE(c.paid_amount, 0) AS DECIMAL(18, 2)) AS paid_amount,
    CAST(COALESCE(c.credited_amount, 0) AS DECIMAL(18, 2)) AS credited_amount,
    CASE
        WHEN COALESCE(c.paid_amount, 0) >= p.promised_amount THEN 'kept'
        WHEN p.grace_on > CAST(:last_day AS DATE) THEN 'pending'
        ELSE 'broken'
    END AS state
FROM promise AS p
LEFT JOIN covered AS c ON c.order_id = p.order_id
