/* ---
title: {zh: 缴费承诺台账, en: Promises to pay}
owner: retention
key: [order_id]
orders_of: m1 m2 m3
tolerates:
  - feedback_order
  - feedback_order_m3
  - feedback_item
  - feedback_item_m3
  - m1.feedback_order
  - m1.feedback_item
--- */
-- What is promised is less by the credit notes on the listed bills; reduced to nothing it is void.
WITH sent AS (  -- the orders of the three months before
    SELECT order_id, order_month, customer_id, branch_id, manager_id, dispatched_on FROM feedback_order
    UNION ALL
    SELECT order_id, order_month, customer_id, branch_id, manager_id, dispatched_on FROM m1.feedback_order
    UNION ALL
    SELECT order_id, order_month, customer_id, branch_id, manager_id, dispatched_on FROM feedback_order_m3
),
item AS (
    SELECT order_id, bill_id, is_listed FROM feedback_item
    UNION ALL
    SELECT order_id, bill_id, is_listed FROM m1.feedback_item
    UNION ALL
    SELECT order_id, bill_id, is_listed FROM feedback_item_m3
),
promise AS (  -- those whose days of grace were not over when this month began
    SELECT
        o.order_id,
        o.order_month,
        o.customer_id,
        o.branch_id,
        o.manager_id,
        COALESCE(p.contacted_on, o.dispatched_on) AS counts_from,
        p.contacted_on,
        p.promised_amount,
        p.promised_on,
        p.extension_count,
        CAST(p.promised_on + INTERVAL 3 DAY AS DATE) AS grace_on
    FROM extract_promise AS p
    JOIN sent AS o ON o.order_id = p.order_id
    WHERE CAST(p.promised_on + INTERVAL 3 DAY AS DATE) >= CAST(:first_day AS DATE)
),
come AS (
    SELECT p.order_id, SUM(y.amount) AS amount
    FROM promise AS p
    JOIN item AS i ON i.order_id = p.order_id AND i.is_listed
    JOIN feedback_money AS y ON y.order_id = p.order_id AND y.bill_id = i.bill_id
    WHERE y.paid_on BETWEEN p.counts_from AND p.grace_on
    GROUP BY p.order_id
),
credited AS (
    SELECT p.order_id, -SUM(g.amount) AS amount
    FROM promise AS p
    JOIN item AS i ON i.order_id = p.order_id AND i.is_listed
    JOIN feedback_ledger AS g ON g.order_id = p.order_id AND g.bill_id = i.bill_id
    WHERE g.kind = 'credit_note' AND g.on_day BETWEEN p.counts_from AND p.grace_on
    GROUP BY p.order_id
),
stood AS (
    SELECT
        p.order_id,
        p.order_month,
        p.customer_id,
        p.branch_id,
        p.manager_id,
        p.contacted_on,
        p.promised_amount,
        p.promised_on,
        p.extension_count,
        p.grace_on,
        COALESCE(y.amount, 0) AS paid_amount,
        COALESCE(c.amount, 0) AS credited_amount
    FROM promise AS p
    LEFT JOIN come AS y ON y.order_id = p.order_id
    LEFT JOIN credited AS c ON c.order_id = p.order_id
)
SELECT
    order_id,
    order_month,
    customer_id,
    branch_id,
    manager_id,
    contacted_on,
    promised_amount,
    promised_on,
    extension_count,
    grace_on,
    CAST(paid_amount AS DECIMAL(18, 2)) AS paid_amount,
    CAST(credited_amount AS DECIMAL(18, 2)) AS credited_amount,
    CASE
        WHEN credited_amount >= promised_amount THEN 'void'
        WHEN paid_amount >= promised_amount - credited_amount THEN 'kept'
        WHEN grace_on > CAST(:last_day AS DATE) THEN 'pending'
        ELSE 'broken'
    END AS state
FROM stood
