/* ---
title: {zh: 派单客户派单当月的出账, en: What was billed in the month an order is of}
owner: retention
key: [order_id]
tolerates: [bill.adjustment_amount, customer.group_customer_id]
--- */
WITH line AS (  -- as in feedback_kept, a month earlier
    SELECT order_id, service_id
    FROM feedback_order
    WHERE service_id IS NOT NULL
    UNION
    SELECT o.order_id, s.service_id
    FROM feedback_order AS o
    JOIN m1.snapshot_service AS s ON s.customer_id = o.customer_id
    WHERE o.service_id IS NULL
    UNION
    SELECT o.order_id, s.service_id
    FROM feedback_order AS o
    JOIN m1.snapshot_customer AS c ON c.group_customer_id = o.customer_id
    JOIN m1.snapshot_service AS s ON s.customer_id = c.customer_id
    WHERE o.service_id IS NULL
)
SELECT
    l.order_id,
    CAST(SUM(b.billed_amount + COALESCE(b.adjustment_amount, 0)) AS DECIMAL(18, 2)) AS revenue
FROM line AS l
JOIN m1.snapshot_bill AS b ON b.service_id = l.service_id
GROUP BY l.order_id
