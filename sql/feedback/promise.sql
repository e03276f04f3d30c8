/* ---
title: {zh: 缴费承诺台账, en: Promises to pay}
owner: retention
key: [order_id, promised_on]
orders_of: m1 m2 m3
tolerates:
  - feedback_order
  - feedback_order_m3
  - feedback_item
  - feedback_item_m3
  - m1.feedback_order
  - m1.feedback_item
--- */
-- A row an instalment. By its day all that was promised up to it is asked for, less the credit notes on the listed bills:
-- money that is late for one instalment is missing at the next. One by whose day no more is asked for than before is void.
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
promise AS (
    SELECT
        o.order_id,
        p.instalment,
        o.order_month,
        o.customer_id,
        o.branch_id,
        o.manager_id,
        COALESCE(p.contacted_on, o.dispatched_on) AS counts_from,
        p.contacted_on,
        p.promised_amount,
        SUM(p.promised_amount) OVER (PARTITION BY p.order_id ORDER BY p.promised_on NULLS FIRST) AS promised_so_far,
        p.promised_on,
        p.extension_count,
        CAST(p.promised_on + INTERVAL 3 DAY AS DATE) AS grace_on
    FROM extract_promise AS p
    JOIN sent AS o ON o.order_id = p.order_id
),
come AS (
    SELECT p.order_id, p.promised_on, SUM(y.amount) AS amount
    FROM promise AS p
    JOIN item AS i ON i.order_id = p.order_id AND i.is_listed
    JOIN feedback_money AS y ON y.order_id = p.order_id AND y.bill_id = i.bill_id
    WHERE y.paid_on BETWEEN p.counts_from AND p.grace_on
    GROUP BY p.order_id, p.promised_on
),
credited AS (
    SELECT p.order_id, p.promised_on, -SUM(g.amount) AS amount
    FROM promise AS p
    JOIN item AS i ON i.order_id = p.order_id AND i.is_listed
    JOIN feedback_ledger AS g ON g.order_id = p.order_id AND g.bill_id = i.bill_id
    WHERE g.kind = 'credit_note' AND g.on_day BETWEEN p.counts_from AND p.grace_on
    GROUP BY p.order_id, p.promised_on
),
asked AS (
    SELECT
        p.order_id,
        p.instalment,
        p.order_month,
        p.customer_id,
        p.branch_id,
        p.manager_id,
        p.contacted_on,
        p.promised_amount,
        p.promised_on,
        p.extension_count,
        p.grace_on,
        GREATEST(p.promised_so_far - COALESCE(c.amount, 0), 0) AS asked_amount,
        COALESCE(y.amount, 0) AS paid_amount,
        COALESCE(c.amount, 0) AS credited_amount
    FROM promise AS p
    LEFT JOIN come AS y ON y.order_id = p.order_id AND y.promised_on = p.promised_on
    LEFT JOIN credited AS c ON c.order_id = p.order_id AND c.promised_on = p.promised_on
),
stood AS (
    SELECT
        order_id,
        instalment,
        order_month,
        customer_id,
        branch_id,
        manager_id,
        contacted_on,
        promised_amount,
        promised_on,
        extension_count,
        grace_on,
        asked_amount,
        COALESCE(LAG(asked_amount) OVER (PARTITION BY order_id ORDER BY promised_on NULLS FIRST), 0) AS asked_before,
        paid_amount,
        credited_amount
    FROM asked
)
SELECT
    order_id,
    instalment,
    order_month,
    customer_id,
    branch_id,
    manager_id,
    contacted_on,
    promised_amount,
    promised_on,
    extension_count,
    grace_on,
    CAST(asked_amount AS DECIMAL(18, 2)) AS asked_amount,
    CAST(paid_amount AS DECIMAL(18, 2)) AS paid_amount,
    CAST(credited_amount AS DECIMAL(18, 2)) AS credited_amount,
    CASE
        WHEN asked_amount <= asked_before THEN 'void'
        WHEN paid_amount >= asked_amount THEN 'kept'
        WHEN grace_on > CAST(:last_day AS DATE) THEN 'pending'
        ELSE 'broken'
    END AS state
FROM stood
WHERE grace_on >= CAST(:first_day AS DATE)  -- the days of grace were not over when this month began
