/* ---
title: {zh: 派单的编号与日期, en: "Each order's id, its due day, and the day planned for it"}
inputs: [order_id, due_day, planned_day]
--- */
-- One table before the orders' own join: of four tables the engine may join two by their list alone.
SELECT i.list, i.customer_id, i.order_id, u.due_on, u.is_provisional, p.planned_on
FROM order_id AS i
JOIN due_day AS u ON u.list = i.list AND u.customer_id = i.customer_id
LEFT JOIN planned_day AS p ON p.list = i.list AND p.customer_id = i.customer_id
