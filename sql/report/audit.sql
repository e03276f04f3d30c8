/* ---
title: {zh: 专项稽核清单, en: "Audit findings: whose, since when, due when, closed or not"}
owner: retention
key: [kind, subject_id]
tolerates: [report_zero_tariff, report_unregistered, report_unclaimed, features_owner, prior.report_audit]
--- */
-- A finding keeps its first month and due day; one that is found no more is shown as closed once, but only where it was
-- looked for: what this month cannot tell stays as it was.
WITH found AS (
    SELECT 'zero_tariff' AS kind, subject_id, customer_id, amount FROM report_zero_tariff
    UNION ALL
    SELECT 'unregistered' AS kind, subject_id, customer_id, amount FROM report_unregistered
    UNION ALL
    SELECT 'unclaimed' AS kind, subject_id, customer_id, amount FROM report_unclaimed
),
looked_for AS (
    SELECT 'zero_tariff' AS kind, :has_report_zero_tariff AS is_checked
    UNION ALL
    SELECT 'unregistered' AS kind, :has_report_unregistered AS is_checked
    UNION ALL
    SELECT 'unclaimed' AS kind, :has_report_unclaimed AS is_checked
),
before AS (
    SELECT kind, subject_id, customer_id, since_month, due_on FROM prior.report_audit WHERE state <> 'closed'
)
SELECT
    COALESCE(f.kind, b.kind) AS kind,
    COALESCE(f.subject_id, b.subject_id) AS subject_id,
    COALESCE(f.customer_id, b.customer_id) AS customer_id,
    o.branch_id,
    o.manager_id,
    CAST(f.amount AS DECIMAL(18, 2)) AS amount,
    COALESCE(b.since_month, :month) AS since_month,
    COALESCE(b.due_on, CAST(:audit_due_on AS DATE)) AS due_on,
    CASE WHEN f.subject_id IS NOT NULL THEN 'open' WHEN c.is_checked THEN 'closed' ELSE 'not_checked' END AS state,
    COALESCE(b.due_on <= :last_day AND (f.subject_id IS NOT NULL OR NOT c.is_checked), FALSE) AS is_overdue
FROM found AS f
FULL JOIN before AS b ON b.kind = f.kind AND b.subject_id = f.subject_id
JOIN looked_for AS c ON c.kind = COALESCE(f.kind, b.kind)
LEFT JOIN features_owner AS o ON o.customer_id = COALESCE(f.customer_id, b.customer_id)
