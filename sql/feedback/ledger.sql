/* ---
title: {zh: 催缴往来账, en: "What happened to the bills of debt orders that are still looked at, and all that their payers paid"}
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
-- A bill is as open as its order's month left it, less money in hand. One that is disputed, of an excluded line or of a
-- later month takes only money that names it. Whoever pays a bill of somebody else's brings that one's books in, so that
-- money is counted where it went: three steps far. Payments of the months before may be taken back in these.
WITH looked AS (
    SELECT order_id, customer_id, 1 AS months_ago FROM feedback_order WHERE purpose = 'debt'
    UNION ALL
    SELECT DISTINCT o.order_id, o.customer_id, 2 AS months_ago  -- a promise may have instalments
    FROM m1.feedback_order AS o
    JOIN extract_promise AS p ON p.order_id = o.order_id
    WHERE o.purpose = 'debt'
    UNION ALL
    SELECT order_id, customer_id, 3 AS months_ago FROM feedback_order_m3 WHERE purpose = 'debt'
),
left_open AS (
    SELECT
        1 AS months_ago,
        r.bill_id,
        r.customer_id,
        r.open_amount - COALESCE(b.in_hand_amount, 0) AS amount,
        r.due_on,
        COALESCE(r.is_disputed, FALSE) OR (b.bill_id IS NULL AND s.service_id IS NULL) AS is_named_only
    FROM m1.snapshot_receivable AS r
    LEFT JOIN m1.features_open_bill AS b ON b.bill_id = r.bill_id
    LEFT JOIN m1.features_service AS s ON s.service_id = r.service_id
    UNION ALL
    SELECT
        2 AS months_ago,
        r.bill_id,
        r.customer_id,
        r.open_amount - COALESCE(b.in_hand_amount, 0) AS amount,
        r.due_on,
        COALESCE(r.is_disputed, FALSE) OR (b.bill_id IS NULL AND s.service_id IS NULL) AS is_named_only
    FROM m2.snapshot_receivable AS r
    LEFT JOIN m2.features_open_bill AS b ON b.bill_id = r.bill_id
    LEFT JOIN m2.features_service AS s ON s.service_id = r.service_id
    UNION ALL
    SELECT
        3 AS months_ago,
        r.bill_id,
        r.customer_id,
        r.open_amount - COALESCE(b.in_hand_amount, 0) AS amount,
        r.due_on,
        COALESCE(r.is_disputed, FALSE) OR (b.bill_id IS NULL AND s.service_id IS NULL) AS is_named_only
    FROM m3.snapshot_receivable AS r
    LEFT JOIN m3.features_open_bill AS b ON b.bill_id = r.bill_id
    LEFT JOIN m3.features_service AS s ON s.service_id = r.service_id
),
billed AS (
    SELECT 0 AS months_ago, bill_id, customer_id, billed_amount + COALESCE(adjustment_amount, 0) AS amount, due_on
    FROM snapshot_bill
    UNION ALL
    SELECT 1 AS months_ago, bill_id, customer_id, billed_amount + COALESCE(adjustment_amount, 0) AS amount, due_on
    FROM m1.snapshot_bill
    UNION ALL
    SELECT 2 AS months_ago, bill_id, customer_id, billed_amount + COALESCE(adjustment_amount, 0) AS amount, due_on
    FROM m2.snapshot_bill
),
money AS (  -- delivered again as it was, a payment is one; of one id and other content it is another
    SELECT payment_id, customer_id, bill_id, paid_on, amount FROM snapshot_payment
    UNION
    SELECT payment_id, customer_id, bill_id, paid_on, amount FROM m1.snapshot_payment
    UNION
    SELECT payment_id, customer_id, bill_id, paid_on, amount FROM m2.snapshot_payment
    UNION
    SELECT payment_id, customer_id, bill_id, paid_on, amount FROM m3.snapshot_payment
),
credit AS (
    SELECT adjustment_id, bill_id, kind, adjusted_on, amount FROM snapshot_adjustment
    UNION ALL
    SELECT adjustment_id, bill_id, kind, adjusted_on, amount FROM m1.snapshot_adjustment
    UNION ALL
    SELECT adjustment_id, bill_id, kind, adjusted_on, amount FROM m2.snapshot_adjustment
),
-- Customers who have to do with the same bill: who owes it, who has paid it.
link AS (
    SELECT bill_id, customer_id FROM left_open
    UNION
    SELECT bill_id, customer_id FROM billed
    UNION
    SELECT bill_id, customer_id FROM money WHERE bill_id IS NOT NULL
),
shared AS (
    SELECT bill_id
    FROM link
    GROUP BY bill_id
    HAVING MIN(customer_id) <> MAX(customer_id)
),
neighbour AS (
    SELECT DISTINCT a.customer_id, b.customer_id AS other_id
    FROM shared AS h
    JOIN link AS a ON a.bill_id = h.bill_id
    JOIN link AS b ON b.bill_id = h.bill_id AND b.customer_id <> a.customer_id
),
party AS (
    SELECT order_id, customer_id FROM looked
    UNION
    SELECT order_id, customer_id FROM feedback_item
    UNION
    SELECT i.order_id, i.customer_id FROM m1.feedback_item AS i JOIN looked AS o ON o.order_id = i.order_id
    UNION
    SELECT order_id, customer_id FROM feedback_item_m3
),
near AS (
    SELECT order_id, customer_id FROM party
    UNION
    SELECT p.order_id, n.other_id FROM party AS p JOIN neighbour AS n ON n.customer_id = p.customer_id
),
far AS (
    SELECT order_id, customer_id FROM near
    UNION
    SELECT p.order_id, n.other_id FROM near AS p JOIN neighbour AS n ON n.customer_id = p.customer_id
),
farthest AS (
    SELECT order_id, customer_id FROM far
    UNION
    SELECT p.order_id, n.other_id FROM far AS p JOIN neighbour AS n ON n.customer_id = p.customer_id
),
payer AS (
    SELECT
        f.order_id,
        f.customer_id,
        o.months_ago,
        CAST(CAST(:first_day AS DATE) - (o.months_ago - 1) * INTERVAL 1 MONTH AS DATE) AS on_day
    FROM farthest AS f
    JOIN looked AS o ON o.order_id = f.order_id
),
bill AS (
    SELECT p.order_id, b.bill_id, b.customer_id, b.amount, p.on_day, b.due_on, b.is_named_only
    FROM payer AS p
    JOIN left_open AS b ON b.customer_id = p.customer_id AND b.months_ago = p.months_ago
    UNION ALL
    SELECT p.order_id, b.bill_id, b.customer_id, b.amount, p.on_day, b.due_on, TRUE AS is_named_only
    FROM payer AS p
    JOIN billed AS b ON b.customer_id = p.customer_id AND b.months_ago < p.months_ago AND b.amount > 0
    LEFT JOIN left_open AS w ON w.bill_id = b.bill_id AND w.months_ago = p.months_ago
    WHERE w.bill_id IS NULL
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
    is_named_only
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
    CAST(NULL AS BOOLEAN) AS is_named_only
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
    CAST(NULL AS BOOLEAN) AS is_named_only
FROM payer AS r
JOIN money AS y ON y.customer_id = r.customer_id
