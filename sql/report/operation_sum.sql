/* ---
title: {zh: 运营视图底数, en: What the operation view is reckoned from}
owner: retention
key: [scope_kind, scope_id]
tolerates: [report_expense, feedback_order, feedback_kept, feedback_before, feedback_outcome,
  prior.report_operation_sum]
--- */
-- Of the cohort and last month's orders, by the owner of now. What the arms did, and what it cost, is summed up over the
-- months: a unit holds out a handful a month. Lists that hold nobody out have nothing to be compared with.
WITH compared AS (
    SELECT
        o.customer_id,
        o.arm,
        CAST(k.revenue - COALESCE(b.revenue, 0) AS DECIMAL(18, 2)) AS change_amount
    FROM feedback_order AS o
    JOIN feedback_kept AS k ON k.order_id = o.order_id
    LEFT JOIN feedback_before AS b ON b.order_id = o.order_id
    WHERE o.list IN (SELECT list FROM feedback_order WHERE arm = 'holdout')
),
fact AS (
    SELECT customer_id, 'cohort' AS measure, CAST(1 AS DECIMAL(38, 4)) AS amount FROM features_cohort_bridge
    UNION ALL
    SELECT customer_id, 'billed', 1 FROM features_cohort_bridge WHERE current_amount > 0
    UNION ALL
    SELECT customer_id, 'base', base_amount FROM features_cohort_bridge
    UNION ALL
    SELECT customer_id, 'current', current_amount FROM features_cohort_bridge
    UNION ALL
    SELECT customer_id, 'order', 1 FROM feedback_order WHERE arm = 'treated'
    UNION ALL
    SELECT customer_id, 'fee', :output_fee
    FROM feedback_outcome
    WHERE arm = 'treated' AND manager_id IS NOT NULL AND is_claimed AND is_verified
    UNION ALL
    SELECT customer_id, 'expense', CAST(amount AS DECIMAL(18, 2)) FROM report_expense WHERE state = 'tied'
    UNION ALL
    SELECT customer_id, arm || '_order', 1 FROM compared
    UNION ALL
    SELECT customer_id, arm || '_revenue', change_amount FROM compared
    UNION ALL
    SELECT customer_id, arm || '_square', change_amount * change_amount FROM compared
),
placed AS (
    SELECT
        COALESCE(o.branch_id, 'unclaimed') AS branch_id,
        COALESCE(o.unit_id, 'unclaimed') AS unit_id,
        f.measure,
        f.amount
    FROM fact AS f
    LEFT JOIN features_owner AS o ON o.customer_id = f.customer_id
),
summed AS (
    SELECT 'company' AS scope_kind, 'company' AS scope_id, measure, amount FROM placed
    UNION ALL
    SELECT 'branch', branch_id, measure, amount FROM placed
    UNION ALL
    SELECT 'unit', unit_id, measure, amount FROM placed
    UNION ALL
    SELECT scope_kind, scope_id, 'earlier_cost', total_cost_amount FROM prior.report_operation_sum
    UNION ALL
    SELECT scope_kind, scope_id, 'treated_order', treated_order_count FROM prior.report_operation_sum
    UNION ALL
    SELECT scope_kind, scope_id, 'treated_revenue', treated_revenue_sum FROM prior.report_operation_sum
    UNION ALL
    SELECT scope_kind, scope_id, 'treated_square', treated_square_sum FROM prior.report_operation_sum
    UNION ALL
    SELECT scope_kind, scope_id, 'holdout_order', holdout_order_count FROM prior.report_operation_sum
    UNION ALL
    SELECT scope_kind, scope_id, 'holdout_revenue', holdout_revenue_sum FROM prior.report_operation_sum
    UNION ALL
    SELECT scope_kind, scope_id, 'holdout_square', holdout_square_sum FROM prior.report_operation_sum
),
earlier AS (
    SELECT month_count, cost_month_count FROM prior.report_operation_sum WHERE scope_kind = 'company'
)
SELECT
    s.scope_kind,
    s.scope_id,
    CAST(COALESCE(SUM(s.amount) FILTER (WHERE s.measure = 'cohort'), 0) AS INTEGER) AS cohort_customer_count,
    CAST(COALESCE(SUM(s.amount) FILTER (WHERE s.measure = 'billed'), 0) AS INTEGER) AS cohort_billed_count,
    CAST(COALESCE(SUM(s.amount) FILTER (WHERE s.measure = 'base'), 0) AS DECIMAL(18, 2)) AS base_revenue,
    CAST(COALESCE(SUM(s.amount) FILTER (WHERE s.measure = 'current'), 0) AS DECIMAL(18, 2)) AS kept_revenue,
    CAST(COALESCE(SUM(s.amount) FILTER (WHERE s.measure = 'order'), 0) AS INTEGER) AS order_count,
    CAST(COALESCE(SUM(s.amount) FILTER (WHERE s.measure = 'fee'), 0) AS DECIMAL(18, 2)) AS fee_amount,
    CASE WHEN :has_report_expense
        THEN CAST(COALESCE(SUM(s.amount) FILTER (WHERE s.measure = 'expense'), 0) AS DECIMAL(18, 2))
    END AS expense_amount,
    CAST(COALESCE(SUM(s.amount) FILTER (WHERE s.measure IN ('earlier_cost', 'fee', 'expense')), 0) AS DECIMAL(18, 2))
        AS total_cost_amount,
    CAST(COALESCE(SUM(s.amount) FILTER (WHERE s.measure = 'treated_order'), 0) AS INTEGER) AS treated_order_count,
    CAST(COALESCE(SUM(s.amount) FILTER (WHERE s.measure = 'treated_revenue'), 0) AS DECIMAL(28, 2))
        AS treated_revenue_sum,
    CAST(COALESCE(SUM(s.amount) FILTER (WHERE s.measure = 'treated_square'), 0) AS DECIMAL(38, 4))
        AS treated_square_sum,
    CAST(COALESCE(SUM(s.amount) FILTER (WHERE s.measure = 'holdout_order'), 0) AS INTEGER) AS holdout_order_count,
    CAST(COALESCE(SUM(s.amount) FILTER (WHERE s.measure = 'holdout_revenue'), 0) AS DECIMAL(28, 2))
        AS holdout_revenue_sum,
    CAST(COALESCE(SUM(s.amount) FILTER (WHERE s.measure = 'holdout_square'), 0) AS DECIMAL(38, 4))
        AS holdout_square_sum,
    -- Months with orders to look back on, and those of them whose expenses are known.
    CAST(COALESCE(MAX(e.month_count), 0) + CASE WHEN :has_feedback_kept THEN 1 ELSE 0 END AS INTEGER) AS month_count,
    CAST(
        COALESCE(MAX(e.cost_month_count), 0)
        + CASE WHEN :has_feedback_kept AND :has_report_expense THEN 1 ELSE 0 END AS INTEGER
    ) AS cost_month_count
FROM summed AS s
LEFT JOIN earlier AS e ON TRUE
GROUP BY s.scope_kind, s.scope_id
