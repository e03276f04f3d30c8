/* ---
title: {zh: 拍照收入变动, en: "From each cohort customer's base revenue to his revenue now, cause by cause"}
owner: retention
key: [customer_id]
tolerates: [bill.adjustment_amount, service.plan_id, service.promotion_end_on, service.promotion_discount_amount]
--- */
WITH billed AS (  -- of the cohort's customers alone: what follows is asked of their lines and no others
    SELECT b.customer_id, l.line_id, 0 AS then_amount, b.billed_amount AS now_amount,
        b.adjustment_amount AS credit_amount
    FROM snapshot_bill AS b
    JOIN features_cohort AS c ON c.customer_id = b.customer_id
    JOIN features_service AS s ON s.service_id = b.service_id
    JOIN features_line AS l ON l.service_id = b.service_id
    UNION ALL
    SELECT b.customer_id, l.line_id, b.billed_amount, 0, -b.adjustment_amount
    FROM base.snapshot_bill AS b
    JOIN features_cohort AS c ON c.customer_id = b.customer_id
    JOIN base.features_service AS s ON s.service_id = b.service_id
    JOIN base.features_line AS l ON l.service_id = b.service_id
),
line_amount AS (
    SELECT customer_id, line_id, SUM(then_amount) AS then_amount, SUM(now_amount) AS now_amount,
        SUM(credit_amount) AS credit_amount
    FROM billed
    GROUP BY customer_id, line_id
),
billed_line AS (SELECT line_id FROM line_amount GROUP BY line_id),
-- Whose a line is: one row a customer who has it; a number that was changed counts under the new one.
now_line AS (
    SELECT
        l.line_id,
        l.customer_id,
        MAX(CASE WHEN l.is_in_net THEN 1 ELSE 0 END) = 1 AS is_in_net,
        MAX(CASE WHEN s.status IN ('suspended_arrears', 'suspended_request') THEN 1 ELSE 0 END) = 1 AS is_suspended,
        MAX(k.plan_id) FILTER (WHERE l.is_in_net) AS plan_id,
        MAX(l.loss) AS loss
    FROM features_line AS l
    JOIN billed_line AS b ON b.line_id = l.line_id
    LEFT JOIN features_service AS s ON s.service_id = l.service_id
    LEFT JOIN snapshot_service AS k ON k.service_id = l.service_id
    WHERE l.loss IS DISTINCT FROM 'replaced'
    GROUP BY l.line_id, l.customer_id
),
then_line AS (
    SELECT
        l.line_id,
        l.customer_id,
        MAX(k.plan_id) FILTER (WHERE l.is_in_net) AS plan_id,
        -- A promotion that ran at the base month's end and is over by now.
        SUM(k.promotion_discount_amount) FILTER (
            WHERE l.is_in_net
              AND k.promotion_end_on BETWEEN CAST(:base_last_day AS DATE) AND CAST(:last_day AS DATE)
        ) AS ended_discount_amount
    FROM base.features_line AS l
    JOIN billed_line AS b ON b.line_id = l.line_id
    LEFT JOIN base.snapshot_service AS k ON k.service_id = l.service_id
    WHERE l.loss IS DISTINCT FROM 'replaced'
    GROUP BY l.line_id, l.customer_id
),
now_known AS (SELECT line_id FROM now_line GROUP BY line_id),
then_known AS (SELECT line_id FROM then_line GROUP BY line_id),
change AS (
    SELECT
        a.customer_id,
        a.then_amount,
        a.now_amount,
        a.credit_amount,
        a.now_amount - a.then_amount AS change_amount,
        CASE
            WHEN n.line_id IS NULL AND nk.line_id IS NOT NULL THEN 'transferred'
            WHEN t.line_id IS NULL AND tk.line_id IS NOT NULL THEN 'transferred'
            WHEN t.line_id IS NULL AND a.then_amount = 0 THEN 'up_sell'
            WHEN n.line_id IS NULL OR NOT n.is_in_net THEN COALESCE(n.loss, 'unknown')
            WHEN n.is_suspended AND a.now_amount < a.then_amount THEN 'suspended'
            WHEN n.plan_id <> t.plan_id AND a.now_amount < a.then_amount THEN 'down_migration'
            WHEN n.plan_id <> t.plan_id THEN 'up_sell'
            ELSE 'usage'
        END AS cause,
        CASE
            WHEN n.is_in_net AND t.ended_discount_amount > 0
            THEN GREATEST(LEAST(t.ended_discount_amount, a.now_amount - a.then_amount), 0)
        END AS promotion_amount
    FROM line_amount AS a
    LEFT JOIN now_line AS n ON n.line_id = a.line_id AND n.customer_id = a.customer_id
    LEFT JOIN then_line AS t ON t.line_id = a.line_id AND t.customer_id = a.customer_id
    LEFT JOIN now_known AS nk ON nk.line_id = a.line_id
    LEFT JOIN then_known AS tk ON tk.line_id = a.line_id
),
part AS (
    SELECT
        customer_id,
        cause,
        change_amount - COALESCE(promotion_amount, 0) AS amount,
        promotion_amount,
        credit_amount
    FROM change
),
total AS (
    SELECT
        customer_id,
        SUM(amount) FILTER (WHERE cause = 'up_sell') AS up_sell_amount,
        SUM(amount) FILTER (WHERE cause = 'usage') AS usage_amount,
        SUM(promotion_amount) AS promotion_expiry_amount,
        SUM(amount) FILTER (WHERE cause = 'down_migration') AS down_migration_amount,
        SUM(amount) FILTER (WHERE cause = 'suspended') AS suspended_amount,
        SUM(amount) FILTER (WHERE cause = 'voluntary') AS voluntary_loss_amount,
        SUM(amount) FILTER (WHERE cause = 'involuntary') AS involuntary_loss_amount,
        SUM(amount) FILTER (WHERE cause = 'unknown') AS unknown_loss_amount,
        SUM(amount) FILTER (WHERE cause = 'transferred') AS transferred_amount,
        SUM(credit_amount) AS credit_note_amount
    FROM part
    GROUP BY customer_id
)
SELECT
    c.customer_id,
    CAST(c.base_revenue AS DECIMAL(18, 2)) AS base_amount,
    CAST(COALESCE(t.up_sell_amount, 0) AS DECIMAL(18, 2)) AS up_sell_amount,
    CAST(COALESCE(t.usage_amount, 0) AS DECIMAL(18, 2)) AS usage_amount,
    CAST(COALESCE(t.promotion_expiry_amount, 0) AS DECIMAL(18, 2)) AS promotion_expiry_amount,
    CAST(COALESCE(t.down_migration_amount, 0) AS DECIMAL(18, 2)) AS down_migration_amount,
    CAST(COALESCE(t.suspended_amount, 0) AS DECIMAL(18, 2)) AS suspended_amount,
    CAST(COALESCE(t.voluntary_loss_amount, 0) AS DECIMAL(18, 2)) AS voluntary_loss_amount,
    CAST(COALESCE(t.involuntary_loss_amount, 0) AS DECIMAL(18, 2)) AS involuntary_loss_amount,
    CAST(COALESCE(t.unknown_loss_amount, 0) AS DECIMAL(18, 2)) AS unknown_loss_amount,
    CAST(COALESCE(t.transferred_amount, 0) AS DECIMAL(18, 2)) AS transferred_amount,
    CAST(COALESCE(t.credit_note_amount, 0) AS DECIMAL(18, 2)) AS credit_note_amount,
    CAST(COALESCE(r.revenue, 0) AS DECIMAL(18, 2)) AS current_amount
FROM features_cohort AS c
LEFT JOIN total AS t ON t.customer_id = c.customer_id
LEFT JOIN features_revenue AS r ON r.customer_id = c.customer_id
