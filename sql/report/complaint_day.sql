/* ---
title: {zh: 每日投诉量, en: "Complaints by day, of the last half year"}
owner: retention
key: [scope_kind, scope_id, opened_on]
tolerates: [features_owner, prior.report_complaint_day]
--- */
-- Days on which nobody complained have no row; `service_count` is Net at the cut-off of the day's month.
WITH line AS (
    SELECT COALESCE(o.branch_id, 'unclaimed') AS branch_id, COUNT(*) AS services
    FROM features_service AS s
    LEFT JOIN features_owner AS o ON o.customer_id = s.customer_id
    WHERE s.is_in_net
    GROUP BY COALESCE(o.branch_id, 'unclaimed')
),
ticket AS (
    SELECT COALESCE(o.branch_id, 'unclaimed') AS branch_id, t.opened_on, COUNT(*) AS complaints
    FROM snapshot_trouble_ticket AS t
    LEFT JOIN features_owner AS o ON o.customer_id = t.customer_id
    WHERE t.category = 'complaint' AND t.opened_on BETWEEN :first_day AND :last_day
    GROUP BY COALESCE(o.branch_id, 'unclaimed'), t.opened_on
),
placed AS (
    SELECT 'company' AS scope_kind, 'company' AS scope_id, opened_on, SUM(complaints) AS complaints
    FROM ticket
    GROUP BY opened_on
    UNION ALL
    SELECT 'branch' AS scope_kind, branch_id AS scope_id, opened_on, complaints FROM ticket
)
SELECT
    p.scope_kind,
    p.scope_id,
    p.opened_on,
    CAST(p.complaints AS INTEGER) AS complaint_count,
    CAST(COALESCE(CASE WHEN p.scope_kind = 'company' THEN c.services ELSE l.services END, 0) AS INTEGER) AS service_count
FROM placed AS p
CROSS JOIN (SELECT SUM(services) AS services FROM line) AS c
LEFT JOIN line AS l ON l.branch_id = p.scope_id
UNION ALL
SELECT scope_kind, scope_id, opened_on, complaint_count, service_count
FROM prior.report_complaint_day
WHERE opened_on >= :first_day_m6 AND opened_on < :first_day
