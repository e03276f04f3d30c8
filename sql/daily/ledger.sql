/* ---
title: {zh: 日报催缴往来账, en: "The bills of debts with a promise as the month left them, and all that was paid since"}
owner: retention
key: [order_id, kind, entry_id]
tolerates: [payment.bill_id, prior.features_open_bill, prior.snapshot_payment]
--- */
-- Credits are not delivered day by day: a bill is as open as the month left it, and what the day's payments pay of it.
-- Whoever pays a bill of somebody else's brings that one's books in, so that money is counted where it went.
WITH money AS (
    SELECT payment_id, customer_id, bill_id, paid_on, amount
    FROM snapshot_payment
    WHERE paid_on <= :last_day
    UNION  -- a day may deliver again what the month did
    SELECT payment_id, customer_id, bill_id, paid_on, amount
    FROM prior.snapshot_payment
),
party AS (  -- the customer, and a group's members
    SELECT order_id, customer_id
    FROM daily_order
    UNION
    SELECT o.order_id, c.customer_id
    FROM daily_order AS o
    JOIN features_known_customer AS c ON c.group_customer_id = o.customer_id
),
payer AS (
    SELECT order_id, customer_id FROM party
    UNION
    SELECT p.order_id, y.customer_id
    FROM party AS p
    JOIN prior.features_open_bill AS b ON b.customer_id = p.customer_id
    JOIN money AS y ON y.bill_id = b.bill_id
    UNION
    SELECT p.order_id, b.customer_id
    FROM party AS p
    JOIN money AS y ON y.customer_id = p.customer_id
    JOIN prior.features_open_bill AS b ON b.bill_id = y.bill_id
)
SELECT
    p.order_id,
    'bill' AS kind,
    b.bill_id AS entry_id,
    CAST(:next_first_day AS DATE) AS on_day,
    b.customer_id,
    b.bill_id,
    CAST(b.open_amount - b.in_hand_amount AS DECIMAL(18, 2)) AS amount,
    b.due_on,
    b.is_disputed AS is_named_only
FROM payer AS p
JOIN prior.features_open_bill AS b ON b.customer_id = p.customer_id
UNION ALL
SELECT
    r.order_id,
    'payment' AS kind,
    y.payment_id AS entry_id,
    y.paid_on AS on_day,
    y.customer_id,
    y.bill_id,
    y.amount,
    CAST(NULL AS DATE) AS due_on,
    CAST(NULL AS BOOLEAN) AS is_named_only
FROM payer AS r
JOIN money AS y ON y.customer_id = r.customer_id
