/* ---
title: {zh: 派单时的未清账单, en: The bills that were open when an order went out}
owner: retention
key: [order_id, bill_id]
tolerates: [customer.group_customer_id]
--- */
WITH party AS (  -- whose bills an order is about: the customer's, and those of a group's members
    SELECT order_id, customer_id
    FROM feedback_order
    WHERE purpose = 'debt'
    UNION
    SELECT o.order_id, c.customer_id
    FROM feedback_order AS o
    JOIN m1.snapshot_customer AS c ON c.group_customer_id = o.customer_id
    WHERE o.purpose = 'debt'
)
SELECT
    p.order_id,
    r.bill_id,
    r.customer_id,
    r.open_amount,
    r.due_on,
    r.due_on < CAST(:first_day AS DATE)
    AND CASE
        WHEN o.service_id IS NULL THEN TRUE
        WHEN o.reason_codes = 'suspended_arrears' THEN s.status = 'suspended_arrears'
        ELSE (s.service_type = 'mobile') = (own.service_type = 'mobile')
    END AS is_listed
FROM party AS p
JOIN feedback_order AS o ON o.order_id = p.order_id
JOIN m1.snapshot_receivable AS r ON r.customer_id = p.customer_id
JOIN m1.features_service AS s ON s.service_id = r.service_id
LEFT JOIN m1.features_service AS own ON own.service_id = o.service_id
