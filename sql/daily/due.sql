/* ---
title: {zh: 缴费承诺到期日报, en: "Promises to pay: due on the day, kept, past due and not kept"}
owner: retention
key: [scope_kind, scope_id]
--- */
WITH placed AS (
    SELECT 'company' AS scope_kind, 'company' AS scope_id, promised_on, promised_amount, short_amount, state
    FROM daily_promise
    UNION ALL
    SELECT 'branch' AS scope_kind, COALESCE(branch_id, 'unclaimed') AS scope_id, promised_on, promised_amount, short_amount, state
    FROM daily_promise
    UNION ALL
    SELECT 'manager' AS scope_kind, COALESCE(manager_id, 'unclaimed') AS scope_id, promised_on, promised_amount, short_amount, state
    FROM daily_promise
    UNION ALL  -- the company says so when nothing is due
    SELECT
        'company' AS scope_kind,
        'company' AS scope_id,
        CAST(NULL AS DATE) AS promised_on,
        0 AS promised_amount,
        0 AS short_amount,
        'none' AS state
)
SELECT
    scope_kind,
    scope_id,
    CAST(SUM(CASE WHEN promised_on = CAST(:last_day AS DATE) THEN 1 ELSE 0 END) AS INTEGER) AS due_count,
    CAST(SUM(CASE WHEN promised_on = CAST(:last_day AS DATE) THEN promised_amount ELSE 0 END) AS DECIMAL(18, 2)) AS due_amount,
    CAST(SUM(CASE WHEN state = 'kept' THEN 1 ELSE 0 END) AS INTEGER) AS kept_count,
    CAST(SUM(CASE WHEN state = 'late' THEN 1 ELSE 0 END) AS INTEGER) AS late_count,
    CAST(SUM(CASE WHEN state = 'late' THEN short_amount ELSE 0 END) AS DECIMAL(18, 2)) AS late_amount
FROM placed
GROUP BY scope_kind, scope_id
