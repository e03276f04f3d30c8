/* ---
title: {zh: 欠停日报, en: "Suspended for arrears: who was stopped, who came back, who still is"}
owner: retention
key: [scope_kind, scope_id]
tolerates: [features_owner, status_change.from_status]  # a change to active is then taken for the end of a stop
--- */
WITH moved AS (
    SELECT
        service_id,
        MAX(CASE WHEN to_status = 'suspended_arrears' THEN 1 ELSE 0 END) AS stopped,
        MAX(CASE WHEN to_status = 'active' AND COALESCE(from_status, 'suspended_arrears') = 'suspended_arrears' THEN 1 ELSE 0 END)
            AS reactivated
    FROM snapshot_status_change
    WHERE changed_on = :last_day
    GROUP BY service_id
),
line AS (
    SELECT
        COALESCE(o.branch_id, 'unclaimed') AS branch_id,
        COALESCE(o.manager_id, 'unclaimed') AS manager_id,
        CASE WHEN s.status = 'suspended_arrears' THEN 1 ELSE 0 END AS suspended,
        CASE WHEN s.status = 'suspended_arrears' THEN COALESCE(v.stopped, 0) ELSE 0 END AS stopped,
        CASE WHEN s.status = 'active' THEN COALESCE(v.reactivated, 0) ELSE 0 END AS reactivated
    FROM features_service AS s
    LEFT JOIN features_owner AS o ON o.customer_id = s.customer_id
    LEFT JOIN moved AS v ON v.service_id = s.service_id
),
placed AS (
    SELECT 'company' AS scope_kind, 'company' AS scope_id, suspended, stopped, reactivated FROM line
    UNION ALL
    SELECT 'branch' AS scope_kind, branch_id AS scope_id, suspended, stopped, reactivated FROM line
    UNION ALL
    SELECT 'manager' AS scope_kind, manager_id AS scope_id, suspended, stopped, reactivated FROM line
)
SELECT
    scope_kind,
    scope_id,
    CAST(SUM(suspended) AS INTEGER) AS suspended_count,
    CAST(SUM(stopped) AS INTEGER) AS stopped_count,
    CAST(SUM(reactivated) AS INTEGER) AS reactivated_count
FROM placed
GROUP BY scope_kind, scope_id
HAVING SUM(suspended) + SUM(reactivated) > 0 OR scope_kind = 'company'
