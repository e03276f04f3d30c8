/* ---
title: {zh: 支局波动, en: Services and billed amount of each branch against the month before}
owner: retention
key: [branch_id]
tolerates: [bill.adjustment_amount]
--- */
-- Both months by this month's owners: a customer who moves to another branch is no change of either.
WITH owner AS (
    SELECT customer_id, branch_id
    FROM (
        SELECT customer_id, branch_id,
            ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY valid_from DESC, branch_id) AS choice
        FROM snapshot_ownership
        WHERE valid_from <= :last_day
    ) AS dated
    WHERE choice = 1
),
fact AS (
    SELECT customer_id, 1 AS services, 0 AS services_before, 0 AS amount, 0 AS amount_before
    FROM snapshot_service
    WHERE status IN ('active', 'suspended_arrears', 'suspended_request')
    UNION ALL
    SELECT customer_id, 0 AS services, 1 AS services_before, 0 AS amount, 0 AS amount_before
    FROM m1.snapshot_service
    WHERE status IN ('active', 'suspended_arrears', 'suspended_request')
    UNION ALL
    SELECT customer_id, 0 AS services, 0 AS services_before, billed_amount + COALESCE(adjustment_amount, 0) AS amount,
        0 AS amount_before
    FROM snapshot_bill
    UNION ALL
    SELECT customer_id, 0 AS services, 0 AS services_before, 0 AS amount,
        billed_amount + COALESCE(adjustment_amount, 0) AS amount_before
    FROM m1.snapshot_bill
)
SELECT
    o.branch_id,
    CAST(SUM(f.services) AS BIGINT) AS services,
    CAST(SUM(f.services_before) AS BIGINT) AS services_before,
    CAST(SUM(f.services) - SUM(f.services_before) AS DOUBLE) / NULLIF(CAST(SUM(f.services_before) AS DOUBLE), 0)
        AS services_change_rate,
    CAST(SUM(f.amount) AS DECIMAL(18, 2)) AS amount,
    CAST(SUM(f.amount_before) AS DECIMAL(18, 2)) AS amount_before,
    CAST(SUM(f.amount) - SUM(f.amount_before) AS DOUBLE) / NULLIF(CAST(SUM(f.amount_before) AS DOUBLE), 0)
        AS amount_change_rate
FROM fact AS f
JOIN owner AS o ON o.customer_id = f.customer_id
GROUP BY o.branch_id
