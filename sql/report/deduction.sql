/* ---
title: {zh: 客户经理扣分事项, en: "What managers lose points for, by cause"}
owner: retention
key: [manager_id, cause]
tolerates: [feedback_outcome, report_expense, report_audit, features_complaint, features_owner]
--- */
-- Events of ten causes; what one costs is configuration. Where a table was not computed its causes were not looked for,
-- which the scorecard says.
WITH answer AS (
    SELECT
        manager_id,
        CASE WHEN outcome IS NULL THEN 1 END AS unanswered,
        CASE WHEN contacted_on > due_on THEN 1 END AS late,
        CASE WHEN outcome IS NOT NULL AND contacted_on IS NULL THEN 1 END AS undated,
        CASE WHEN is_claimed AND NOT is_verified THEN 1 END AS refuted
    FROM feedback_outcome
    WHERE arm = 'treated'
),
event AS (
    SELECT manager_id, 'order_unanswered' AS cause FROM answer WHERE unanswered = 1
    UNION ALL
    SELECT manager_id, 'contact_late' AS cause FROM answer WHERE late = 1
    UNION ALL
    SELECT manager_id, 'answer_undated' AS cause FROM answer WHERE undated = 1
    UNION ALL
    SELECT manager_id, 'claim_refuted' AS cause FROM answer WHERE refuted = 1
    UNION ALL
    SELECT manager_id, 'expense_' || state AS cause FROM report_expense WHERE state <> 'tied'
    UNION ALL
    SELECT manager_id, 'audit_' || kind AS cause
    FROM report_audit
    WHERE is_overdue AND kind IN ('zero_tariff', 'unregistered')
    UNION ALL
    SELECT o.manager_id, 'complaint_open' AS cause
    FROM features_complaint AS c
    JOIN features_owner AS o ON o.customer_id = c.customer_id
)
SELECT manager_id, cause, CAST(COUNT(*) AS INTEGER) AS event_count
FROM event
WHERE manager_id IS NOT NULL
GROUP BY manager_id, cause
