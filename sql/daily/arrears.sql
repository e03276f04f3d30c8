/* ---
title: {zh: 欠费日报, en: "Open and past-due amounts by the end of the day, what was paid, and what is left to collect"}
owner: retention
key: [scope_kind, scope_id]
tolerates: [features_owner, payment, features_revenue, kpi_monthly]
--- */
-- Paid: all money of the scope's customers, of the day and of the month so far; unknown where payments were not delivered.
-- To collect until the month ends, in December until the 31st: the arrears rate will then be about the bills of the newest
-- month held, and its target allows a share of their revenue to be open.
WITH moved AS (
    SELECT
        r.customer_id,
        r.open_amount,
        CASE WHEN r.due_on <= :last_day THEN r.open_amount ELSE 0 END AS past_due,
        CASE WHEN r.bill_month = :month THEN r.open_amount ELSE 0 END AS last_open,
        CAST(0 AS DECIMAL(18, 2)) AS revenue,
        CAST(0 AS DECIMAL(18, 2)) AS paid,
        CAST(0 AS DECIMAL(18, 2)) AS paid_month
    FROM features_open_bill AS r
    UNION ALL
    SELECT customer_id, 0 AS open_amount, 0 AS past_due, 0 AS last_open, revenue, 0 AS paid, 0 AS paid_month
    FROM features_revenue
    UNION ALL
    SELECT
        customer_id,
        0 AS open_amount,
        0 AS past_due,
        0 AS last_open,
        0 AS revenue,
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
        m.last_open,
        m.revenue,
        m.paid,
        m.paid_month
    FROM moved AS m
    LEFT JOIN features_owner AS o ON o.customer_id = m.customer_id
),
placed AS (
    SELECT 'company' AS scope_kind, 'company' AS scope_id, customer_id, open_amount, past_due, last_open, revenue, paid, paid_month
    FROM owned
    UNION ALL
    SELECT 'branch' AS scope_kind, branch_id AS scope_id, customer_id, open_amount, past_due, last_open, revenue, paid, paid_month
    FROM owned
    UNION ALL
    SELECT 'manager' AS scope_kind, manager_id AS scope_id, customer_id, open_amount, past_due, last_open, revenue, paid, paid_month
    FROM owned
),
summed AS (
    SELECT
        scope_kind,
        scope_id,
        COUNT(DISTINCT CASE WHEN past_due > 0 THEN customer_id END) AS customer_count,
        SUM(open_amount) AS open_amount,
        SUM(past_due) AS past_due,
        SUM(last_open) AS last_open,
        SUM(revenue) AS revenue,
        SUM(paid) AS paid,
        SUM(paid_month) AS paid_month
    FROM placed
    GROUP BY scope_kind, scope_id
),
allowed AS (
    SELECT
        s.scope_kind,
        s.scope_id,
        CAST(
            CAST(s.revenue AS DECIMAL(18, 2)) * CAST(ROUND(k.target * 1000000) / 1000000 AS DECIMAL(18, 6)) AS DECIMAL(18, 2)
        ) AS allowed
    FROM summed AS s
    JOIN kpi_monthly AS k ON k.scope_kind = s.scope_kind AND k.scope_id = s.scope_id
    WHERE k.kpi = 'arrears_rate' AND k.variant = 't1_amount' AND :has_features_revenue
)
SELECT
    s.scope_kind,
    s.scope_id,
    CAST(s.customer_count AS INTEGER) AS customer_count,
    CAST(s.open_amount AS DECIMAL(18, 2)) AS open_amount,
    CAST(s.past_due AS DECIMAL(18, 2)) AS past_due_amount,
    CAST(CASE WHEN :has_snapshot_payment THEN s.paid END AS DECIMAL(18, 2)) AS paid_amount,
    CAST(CASE WHEN :has_snapshot_payment THEN s.paid_month END AS DECIMAL(18, 2)) AS paid_month_amount,
    CAST(s.last_open AS DECIMAL(18, 2)) AS last_open_amount,
    a.allowed AS allowed_amount,
    CAST(
        CASE WHEN s.last_open > a.allowed THEN s.last_open - a.allowed WHEN s.last_open <= a.allowed THEN 0 END
        AS DECIMAL(18, 2)
    ) AS to_collect_amount
FROM summed AS s
LEFT JOIN allowed AS a ON a.scope_kind = s.scope_kind AND a.scope_id = s.scope_id
