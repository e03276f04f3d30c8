/* ---
title: {zh: 同集团其他客户, en: What happened to the other customers of the same group}
owner: retention
key: [service_id]
needs: [customer.group_customer_id]
tolerates: [trouble_ticket.closed_at, m1.*, m1.features_service, m1.snapshot_trouble_ticket]  # the first month knows less
model:
  neighbour_lost_count: {reason: neighbour}
  neighbour_lost_rate: {reason: neighbour}
  neighbour_complaint_count: {reason: neighbour}
--- */
-- Colleagues hear of each other's troubles. A group's own lines are among its members'. What is a customer's own is taken
-- off: `features_household` and `features_line_complaint` have it. Nothing is known of who belongs to no group.
WITH member AS (
    SELECT
        customer_id,
        COALESCE(group_customer_id, CASE WHEN customer_type = 'group' THEN customer_id END) AS group_id
    FROM features_known_customer
),
ticket AS (
    SELECT ticket_id, customer_id FROM snapshot_trouble_ticket WHERE category = 'complaint'
    UNION
    SELECT ticket_id, customer_id FROM m1.snapshot_trouble_ticket WHERE category = 'complaint'
),
complained AS (
    SELECT customer_id, COUNT(*) AS ticket_count
    FROM ticket
    GROUP BY customer_id
),
lost AS (
    SELECT
        b.customer_id,
        COUNT(*) AS line_count,
        COUNT(*) FILTER (WHERE s.service_id IS NULL) AS lost_count
    FROM m1.features_service AS b
    LEFT JOIN features_service AS s ON s.service_id = b.service_id AND s.is_in_net
    WHERE b.is_in_net
    GROUP BY b.customer_id
),
own AS (
    SELECT
        m.customer_id,
        m.group_id,
        COALESCE(l.line_count, 0) AS line_count,
        COALESCE(l.lost_count, 0) AS lost_count,
        COALESCE(c.ticket_count, 0) AS ticket_count
    FROM member AS m
    LEFT JOIN lost AS l ON l.customer_id = m.customer_id
    LEFT JOIN complained AS c ON c.customer_id = m.customer_id
    WHERE m.group_id IS NOT NULL
),
everybody AS (
    SELECT
        group_id,
        SUM(line_count) AS line_count,
        SUM(lost_count) AS lost_count,
        SUM(ticket_count) AS ticket_count
    FROM own
    GROUP BY group_id
)
SELECT
    s.service_id,
    CAST(e.lost_count - o.lost_count AS INTEGER) AS neighbour_lost_count,
    CAST(e.lost_count - o.lost_count AS DOUBLE) / NULLIF(CAST(e.line_count - o.line_count AS DOUBLE), 0)
        AS neighbour_lost_rate,
    CAST(e.ticket_count - o.ticket_count AS INTEGER) AS neighbour_complaint_count
FROM features_service AS s
LEFT JOIN own AS o ON o.customer_id = s.customer_id
LEFT JOIN everybody AS e ON e.group_id = o.group_id
