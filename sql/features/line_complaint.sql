/* ---
title: {zh: 本用户投诉, en: Complaints about the line itself}
owner: retention
key: [service_id]
tolerates: [trouble_ticket.closed_at, trouble_ticket.severity, m1.*, m1.snapshot_trouble_ticket]
needs: [trouble_ticket.service_id]
model:
  line_complaint_count: {reason: complaint, monotone: {voluntary: 1}}
  severe_complaint_count: {reason: complaint, monotone: {voluntary: 1}}
  open_complaint_count: {reason: complaint, monotone: {voluntary: 1}}
--- */
WITH ticket AS (
    SELECT ticket_id, service_id, severity FROM snapshot_trouble_ticket WHERE category = 'complaint'
    UNION
    SELECT ticket_id, service_id, severity FROM m1.snapshot_trouble_ticket WHERE category = 'complaint'
),
waiting AS (
    SELECT service_id, COUNT(*) AS ticket_count
    FROM snapshot_trouble_ticket
    WHERE category = 'complaint' AND closed_at IS NULL
    GROUP BY service_id
),
told AS (
    SELECT service_id, COUNT(*) AS ticket_count, COUNT(*) FILTER (WHERE severity = 'high') AS severe_count
    FROM ticket
    GROUP BY service_id
)
SELECT
    s.service_id,
    CAST(COALESCE(t.ticket_count, 0) AS INTEGER) AS line_complaint_count,
    CAST(COALESCE(t.severe_count, 0) AS INTEGER) AS severe_complaint_count,
    CAST(COALESCE(w.ticket_count, 0) AS INTEGER) AS open_complaint_count
FROM features_service AS s
LEFT JOIN told AS t ON t.service_id = s.service_id
LEFT JOIN waiting AS w ON w.service_id = s.service_id
