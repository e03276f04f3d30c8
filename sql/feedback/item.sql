/* ---
title: {zh: 派单时的未清账单, en: The bills that were open when an order went out}
owner: retention
key: [order_id, bill_id]
tolerates:
  - customer.group_customer_id
  - receivable.is_disputed
  - m1.features_open_bill  # a month made before it set no money in hand against its orders
  - m1.features_known_service
  - m1.features_known_customer
again_of:
  m3: {zh: 三个月前派单时的未清账单, en: The bills that were open when an order of three months ago went out}
--- */
WITH known AS (  -- the month's customers, and who has left since they were known
    SELECT customer_id, customer_type, group_customer_id AS group_id
    FROM m1.snapshot_customer
    UNION
    SELECT customer_id, customer_type, group_customer_id AS group_id
    FROM m1.features_known_customer
),
party AS (  -- whose bills an order is about: the customer's, and those of a group's members; only a group's names no line
    SELECT order_id, customer_id
    FROM feedback_order
    WHERE purpose = 'debt'
    UNION
    SELECT o.order_id, k.customer_id
    FROM feedback_order AS o
    JOIN known AS k ON k.group_id = o.customer_id
    WHERE o.purpose = 'debt' AND o.service_id IS NULL
),
bill AS (
    SELECT order_id, r.bill_id
    FROM party AS p
    JOIN m1.snapshot_receivable AS r ON r.customer_id = p.customer_id
    UNION
    SELECT o.order_id, r.bill_id  -- a suspended line is listed with whatever it owes, whoever has to pay it
    FROM feedback_order AS o
    JOIN m1.features_service AS s ON s.customer_id = o.customer_id AND s.status = 'suspended_arrears'
    JOIN m1.snapshot_receivable AS r ON r.service_id = s.service_id
    WHERE o.purpose = 'debt' AND o.reason_codes = 'suspended_arrears'
),
item AS (
    SELECT
        l.order_id,
        r.bill_id,
        r.customer_id,
        r.open_amount,
        r.open_amount - COALESCE(b.in_hand_amount, 0) AS left_amount,
        r.due_on,
        COALESCE(r.is_disputed, FALSE) AS is_disputed,
        COALESCE(b.service_type, s.service_type) AS service_type,
        CASE WHEN s.status = 'suspended_arrears' THEN s.customer_id END AS suspended_customer_id
    FROM bill AS l
    JOIN m1.snapshot_receivable AS r ON r.bill_id = l.bill_id
    LEFT JOIN m1.features_open_bill AS b ON b.bill_id = r.bill_id
    LEFT JOIN m1.features_service AS s ON s.service_id = r.service_id
    WHERE b.bill_id IS NOT NULL OR s.service_id IS NOT NULL
),
company AS (
    SELECT DISTINCT customer_id
    FROM known
    WHERE customer_type = 'group'
)
SELECT
    i.order_id,
    i.bill_id,
    i.customer_id,
    i.open_amount,
    CAST(i.left_amount AS DECIMAL(18, 2)) AS left_amount,
    i.due_on,
    i.is_disputed,
    i.due_on < CAST(CONCAT(o.order_month, '-01') AS DATE) + INTERVAL 1 MONTH
    AND NOT i.is_disputed
    AND i.left_amount > 0
    AND CASE
        WHEN o.service_id IS NULL THEN i.customer_id <> o.customer_id OR g.customer_id IS NOT NULL
        WHEN o.reason_codes = 'suspended_arrears' THEN COALESCE(i.suspended_customer_id = o.customer_id, FALSE)
        ELSE (i.service_type = 'mobile') = (COALESCE(own.service_type, known_line.service_type) = 'mobile')
    END AS is_listed
FROM item AS i
JOIN feedback_order AS o ON o.order_id = i.order_id
LEFT JOIN company AS g ON g.customer_id = o.customer_id
LEFT JOIN m1.features_service AS own ON own.service_id = o.service_id
LEFT JOIN m1.features_known_service AS known_line ON known_line.service_id = o.service_id
