/* ---
title: {zh: 派单客户次月是否在网出账, en: Is who was on an order in the network and billed}
owner: retention
key: [order_id]
tolerates: [service.is_excluded, bill.adjustment_amount, customer.group_customer_id]
again_of:
  m3: {zh: 派单客户三个月后是否在网出账, en: Is who was on an order in the network and billed three months later}
--- */
WITH line AS (  -- the service an order names; all of the customer's and of a group's members' where it names none
    SELECT order_id, service_id
    FROM feedback_order
    WHERE service_id IS NOT NULL
    UNION
    SELECT o.order_id, s.service_id
    FROM feedback_order AS o
    JOIN snapshot_service AS s ON s.customer_id = o.customer_id
    WHERE o.service_id IS NULL
    UNION
    SELECT o.order_id, s.service_id
    FROM feedback_order AS o
    JOIN snapshot_customer AS c ON c.group_customer_id = o.customer_id
    JOIN snapshot_service AS s ON s.customer_id = c.customer_id
    WHERE o.service_id IS NULL
),
billed AS (
    SELECT service_id, SUM(billed_amount + COALESCE(adjustment_amount, 0)) AS revenue
    FROM snapshot_bill
    GROUP BY service_id
),
seen AS (
    SELECT
        l.order_id,
        MAX(CASE WHEN s.status = 'active' THEN 1 ELSE 0 END) AS is_active,
        MAX(CASE WHEN s.status IN ('active', 'suspended_arrears', 'suspended_request') THEN 1 ELSE 0 END) AS is_in_net,
        SUM(COALESCE(b.revenue, 0)) AS revenue
    FROM line AS l
    JOIN snapshot_service AS s ON s.service_id = l.service_id AND s.is_excluded IS DISTINCT FROM TRUE
    LEFT JOIN billed AS b ON b.service_id = l.service_id
    GROUP BY l.order_id
)
SELECT
    o.order_id,
    CAST(COALESCE(n.revenue, 0) AS DECIMAL(18, 2)) AS revenue,
    COALESCE(
        CASE WHEN o.proof = 'line' THEN n.is_active = 1 ELSE n.is_in_net = 1 END AND n.revenue > 0,
        FALSE
    ) AS is_verified
FROM feedback_order AS o
LEFT JOIN seen AS n ON n.order_id = o.order_id
