/* ---
title: {zh: 应收余额按账期, en: "Open amounts by age in bill months, of the months held"}
owner: retention
key: [scope_kind, scope_id, month, age_months]
tolerates: [features_owner, prior.report_vintage]
--- */
-- Age 0 is this month's bills, 13 all that is older; what was billed stands beside age 0. Two years are carried.
WITH item AS (
    SELECT
        COALESCE(o.branch_id, 'unclaimed') AS branch_id,
        LEAST(
            (:year - CAST(LEFT(r.bill_month, 4) AS INTEGER)) * 12
            + :month_number - CAST(RIGHT(r.bill_month, 2) AS INTEGER), 13
        ) AS age_months,
        r.open_amount,
        CAST(0 AS DECIMAL(18, 2)) AS billed
    FROM features_open_bill AS r
    LEFT JOIN features_owner AS o ON o.customer_id = r.customer_id
    UNION ALL
    SELECT COALESCE(o.branch_id, 'unclaimed') AS branch_id, 0 AS age_months, 0 AS open_amount, v.revenue AS billed
    FROM features_revenue AS v
    LEFT JOIN features_owner AS o ON o.customer_id = v.customer_id
),
placed AS (
    SELECT 'company' AS scope_kind, 'company' AS scope_id, age_months, open_amount, billed FROM item
    UNION ALL
    SELECT 'branch' AS scope_kind, branch_id AS scope_id, age_months, open_amount, billed FROM item
)
SELECT
    scope_kind,
    scope_id,
    :month AS month,
    CAST(age_months AS INTEGER) AS age_months,
    CAST(SUM(open_amount) AS DECIMAL(18, 2)) AS open_amount,
    CAST(SUM(billed) AS DECIMAL(18, 2)) AS billed_amount
FROM placed
GROUP BY scope_kind, scope_id, age_months
UNION ALL
SELECT scope_kind, scope_id, month, age_months, open_amount, billed_amount
FROM prior.report_vintage
WHERE month >= :month_m24 AND month < :month
