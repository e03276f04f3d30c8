/* ---
title: {zh: 欠费日报, en: "Open and past-due amounts by the end of the day, and what was paid"}
owner: retention
key: [scope_kind, scope_id]
tolerates: [features_owner, payment]
--- */
-- Paid: all money of the scope's customers, of the day and of the month so far; unknown where payments were not delivered.
WITH moved AS (
    SELECT
        r.customer_id,
        r.open_amount,
        CASE WHEN r.due_on <= :last_day THEN r.open_amount ELSE 0 END AS past_due,
        CAST(0 AS DECIMAL(18, 2)) AS paid,
        CAST(0 AS DECIMAL(18, 2)) AS paid_month
    FROM snapshot_receivable AS r
    JOIN features_service AS s ON s.service_id = r.service_id
    UNION ALL
    SELECT
        customer_id,
        0 AS open_amount,
        0 AS past_due,
        CASE WHEN paid_on = :last_day THEN amount ELSE 0 END AS paid,
        amount AS paid_month
    FROM snapshot_payment
    WHERE paid_on BETWEEN :first_day AND :last_day
),
owned AS (
    SELECT
        COALESCE(o.branch_id, 'unclaimed') AS branch_id,
        COALESCE(o.manager_id, 'unclaimed') AS manager_id,
        m.customer_id,
        m.open_amount,
        m.past_due,
        m.paid,
        m.paid_month
    FROM moved AS m
    LEFT JOIN features_owner AS o ON o.customer_id = m.customer_id
),
placed AS (
    SELECT 'company' AS scope_kind, 'company' AS scope_id, customer_id, open_amount, past_due, paid, paid_month FROM owned
    UNION ALL
    SELECT 'branch' AS scope_kind, branch_id AS scope_id, customer_id, open_amount, past_due, paid, paid_month FROM owned
    UNION ALL
    SELECT 'manager' AS scope_kind, manager_id AS scope_id, customer_id, open_amount, past_due, paid, paid_month FROM owned
)
SELECT
    scope_kind,
    scope_id,
    CAST(COUNT(DISTINCT CASE WHEN past_due > 0 THEN customer_id END) AS INTEGER) AS customer_count,
    CAST(SUM(open_amount) AS DECIMAL(18, 2)) AS open_amount,
    CAST(SUM(past_due) AS DECIMAL(18, 2)) AS past_due_amount,
    CAST(CASE WHEN :has_snapshot_payment THEN SUM(paid) END AS DECIMAL(18, 2)) AS paid_amount,
    CAST(CASE WHEN :has_snapshot_payment THEN SUM(paid_month) END AS DECIMAL(18, 2)) AS paid_month_amount
FROM placed
GROUP BY scope_kind, scope_id
