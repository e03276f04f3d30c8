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
WITH member AS (  -- a group's members, who may have left since
    SELECT group_customer_id AS group_id, customer_id
    FROM m1.snapshot_customer
    UNION
    SELECT group_customer_id AS group_id, customer_id
    FROM m1.features_known_customer
),
party AS (  -- whose bills an order is about: the customer's, and those of a group's members
    SELECT order_id, customer_id
    FROM feedback_order
    WHERE purpose = 'debt'
    UNION
    SELECT o.order_id, m.customer_id
    FROM feedback_order AS o
    JOIN member AS m ON m.group_id = o.customer_id
    WHERE o.purpose = 'debt'
),
item AS (
    SELECT
        p.order_id,
        r.bill_id,
        r.customer_id,
        r.open_amount,
        r.open_amount - COALESCE(b.in_hand_amount, 0) AS left_amount,
        r.due_on,
        COALESCE(r.is_disputed, FALSE) AS is_disputed,
        COALESCE(b.service_type, s.service_type) AS service_type,
        COALESCE(s.status = 'suspended_arrears', FALSE) AS is_suspended
    FROM party AS p
    JOIN m1.snapshot_receivable AS r ON r.customer_id = p.customer_id
    LEFT JOIN m1.features_open_bill AS b ON b.bill_id = r.bill_id
    LEFT JOIN m1.features_service AS s ON s.service_id = r.service_id
    WHERE b.bill_id IS NOT NULL OR s.service_id IS NOT NULL
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
        WHEN o.service_id IS NULL THEN TRUE
        WHEN o.reason_codes = 'suspended_arrears' THEN i.is_suspended
        ELSE (i.service_type = 'mobile') = (COALESCE(own.service_type, known.service_type) = 'mobile')
    END AS is_listed
FROM item AS i
JOIN feedback_order AS o ON o.order_id = i.order_id
LEFT JOIN m1.features_service AS own ON own.service_id = o.service_id
LEFT JOIN m1.features_known_service AS known ON known.service_id = o.service_id
