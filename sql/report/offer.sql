/* ---
title: {zh: 本月派单的优惠成本, en: What the offers of the month's orders cost if all are taken}
owner: retention
key: [scope_kind, scope_id]
--- */
WITH placed AS (
    SELECT
        f.cost_amount,
        f.expected_value - f.value_without_offer AS added_amount,
        COALESCE(o.branch_id, 'unclaimed') AS branch_id,
        COALESCE(o.unit_id, 'unclaimed') AS unit_id
    FROM dispatch_offer AS f
    LEFT JOIN features_owner AS o ON o.customer_id = f.customer_id
),
scoped AS (
    SELECT 'company' AS scope_kind, 'company' AS scope_id, cost_amount, added_amount FROM placed
    UNION ALL
    SELECT 'branch', branch_id, cost_amount, added_amount FROM placed
    UNION ALL
    SELECT 'unit', unit_id, cost_amount, added_amount FROM placed
)
SELECT
    scope_kind,
    scope_id,
    CAST(COUNT(*) AS INTEGER) AS offer_count,
    CAST(SUM(cost_amount) AS DECIMAL(18, 2)) AS offer_cost_amount,
    CAST(SUM(added_amount) AS DECIMAL(18, 2)) AS offer_added_amount
FROM scoped
GROUP BY scope_kind, scope_id
