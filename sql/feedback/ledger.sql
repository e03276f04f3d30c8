/* ---
title: {zh: 催缴往来账, en: "What happened to the bills of debt orders that are still looked at, and all that their customers paid"}
owner: retention
key: [order_id, kind, entry_id]
orders_of: m1 m2 m3
tolerates:
  - payment.bill_id
  - bill.adjustment_amount
  - feedback_order
  - feedback_order_m3
  - feedback_item
  - feedback_item_m3
  - snapshot_adjustment
  - m1.*
  - m2.*
  - m3.*
--- */
-- A bill may be paid from `on_day`: one that was open when its order went out from the first day after that cut-off,
-- one billed since from the first day of its month. Payments of the months before may be taken back in these.
WITH looked AS (
    SELECT order_id, order_month, customer_id FROM feedback_order WHERE purpose = 'debt'
    UNION ALL
    SELECT o.order_id, o.order_month, o.customer_id
    FROM m1.feedback_order AS o
    JOIN extract_promise AS p ON p.order_id = o.order_id
    WHERE o.purpose = 'debt'
    UNION ALL
    SELECT order_id, order_month, customer_id FROM feedback_order_m3 WHERE purpose = 'debt'
),
item AS (
    SELECT order_id, bill_id, customer_id, open_amount, left_amount, due_on, is_disputed FROM feedback_item
    UNION ALL
    SELECT order_id, bill_id, customer_id, open_amount, left_amount, due_on, is_disputed FROM m1.feedback_item
    UNION ALL
    SELECT order_id, bill_id, customer_id, open_amount, left_amount, due_on, is_disputed FROM feedback_item_m3
),
billed AS (
    SELECT bill_id, customer_id, bill_month, billed_amount + COALESCE(adjustment_amount, 0) AS amount, due_on
    FROM snapshot_bill
    UNION ALL
    SELECT bill_id, customer_id, bill_month, billed_amount + COALESCE(adjustment_amount, 0) AS amount, due_on
    FROM m1.snapshot_bill
    UNION ALL
    SELECT bill_id, customer_id, bill_month, billed_amount + COALESCE(adjustment_amount, 0) AS amount, due_on
    FROM m2.snapshot_bill
),
money AS (
    SELECT payment_id, customer_id, bill_id, paid_on, amount FROM snapshot_payment
    UNION ALL
    SELECT payment_id, customer_id, bill_id, paid_on, amount FROM m1.snapshot_payment
    UNION ALL
    SELECT payment_id, customer_id, bill_id, paid_on, amount FROM m2.snapshot_payment
    UNION ALL
    SELECT payment_id, customer_id, bill_id, paid_on, amount FROM m3.snapshot_payment
),
credit AS (
    SELECT adjustment_id, bill_id, kind, adjusted_on, amount FROM snapshot_adjustment
    UNION ALL
    SELECT adjustment_id, bill_id, kind, adjusted_on, amount FROM m1.snapshot_adjustment
    UNION ALL
    SELECT adjustment_id, bill_id, kind, adjusted_on, amount FROM m2.snapshot_adjustment
),
owed AS (
    SELECT
        o.order_id,
        i.bill_id,
        i.customer_id,
        COALESCE(i.left_amount, i.open_amount) AS amount,
        CAST(CAST(CONCAT(o.order_month, '-01') AS DATE) + INTERVAL 1 MONTH AS DATE) AS on_day,
        i.due_on,
        COALESCE(i.is_disputed, FALSE) AS is_disputed
    FROM looked AS o
    JOIN item AS i ON i.order_id = o.order_id
),
party AS (
    SELECT order_id, customer_id FROM looked
    UNION
    SELECT order_id, customer_id FROM owed
),
bill AS (
    SELECT order_id, bill_id, customer_id, amount, on_day, due_on, is_disputed
    FROM owed
    UNION ALL
    SELECT
        p.order_id,
        b.bill_id,
        b.customer_id,
        b.amount,
        CAST(CONCAT(b.bill_month, '-01') AS DATE) AS on_day,
        b.due_on,
        FALSE AS is_disputed
    FROM party AS p
    JOIN looked AS o ON o.order_id = p.order_id
    JOIN billed AS b ON b.customer_id = p.customer_id AND b.bill_month > o.order_month AND b.amount > 0
    LEFT JOIN owed AS w ON w.order_id = p.order_id AND w.bill_id = b.bill_id
    WHERE w.bill_id IS NULL
),
payer AS (  -- whoever has named one of the bills, too
    SELECT order_id, customer_id FROM party
    UNION
    SELECT b.order_id, y.customer_id FROM bill AS b JOIN money AS y ON y.bill_id = b.bill_id
)
SELECT
    order_id,
    'bill' AS kind,
    bill_id AS entry_id,
    on_day,
    customer_id,
    bill_id,
    CAST(amount AS DECIMAL(18, 2)) AS amount,
    due_on,
    is_disputed
FROM bill
UNION ALL
SELECT
    b.order_id,
    c.kind,
    c.adjustment_id AS entry_id,
    c.adjusted_on AS on_day,
    b.customer_id,
    b.bill_id,
    CAST(c.amount AS DECIMAL(18, 2)) AS amount,
    CAST(NULL AS DATE) AS due_on,
    CAST(NULL AS BOOLEAN) AS is_disputed
FROM bill AS b
JOIN credit AS c ON c.bill_id = b.bill_id AND c.adjusted_on >= b.on_day
WHERE c.kind IN ('credit_note', 'write_off')  -- what is applied of money in hand was set against the bill before
UNION ALL
SELECT
    r.order_id,
    'payment' AS kind,
    y.payment_id AS entry_id,
    y.paid_on AS on_day,
    y.customer_id,
    y.bill_id,
    CAST(y.amount AS DECIMAL(18, 2)) AS amount,
    CAST(NULL AS DATE) AS due_on,
    CAST(NULL AS BOOLEAN) AS is_disputed
FROM payer AS r
JOIN money AS y ON y.customer_id = r.customer_id
