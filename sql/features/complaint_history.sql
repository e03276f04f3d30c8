/* ---
title: {zh: 投诉与报障, en: Complaints and faults of the last months}
owner: retention
key: [service_id]
tolerates: [m1.*, m2.*, m1.snapshot_trouble_ticket, m2.snapshot_trouble_ticket]  # counted over the months that are known
model:
  complaint_count: {reason: complaint, monotone: {voluntary: 1}}
  fault_count: {reason: fault, monotone: {voluntary: 1}}
--- */
WITH ticket AS (
    SELECT ticket_id, customer_id, category FROM snapshot_trouble_ticket
    UNION
    SELECT ticket_id, customer_id, category FROM m1.snapshot_trouble_ticket
    UNION
    SELECT ticket_id, customer_id, category FROM m2.snapshot_trouble_ticket
)
SELECT
    s.service_id,
    CAST(COUNT(*) FILTER (WHERE t.category = 'complaint') AS INTEGER) AS complaint_count,
    CAST(COUNT(*) FILTER (WHERE t.category = 'fault') AS INTEGER) AS fault_count
FROM features_service AS s
LEFT JOIN ticket AS t ON t.customer_id = s.customer_id
GROUP BY s.service_id
