/* ---
title: {zh: 账龄, en: "What is open by age, and what of it may be collected, is covered by money in hand, or is in dispute"}
owner: retention
key: [scope_kind, scope_id, bucket]
tolerates: [features_owner]
--- */
-- The ages add up to what is open, `not_due` among them; so do the four amounts beside it, in every row.
WITH item AS (
    SELECT
        COALESCE(o.branch_id, 'unclaimed') AS branch_id,
        b.bucket,
        b.open_amount,
        b.collectable_amount,
        b.in_hand_amount,
        CASE WHEN b.is_disputed THEN b.open_amount ELSE 0 END AS disputed_amount,
        CASE WHEN NOT b.is_disputed AND NOT b.is_past_due THEN b.open_amount ELSE 0 END AS pending_amount
    FROM features_open_bill AS b
    LEFT JOIN features_owner AS o ON o.customer_id = b.customer_id
),
placed AS (
    SELECT
        'company' AS scope_kind,
        'company' AS scope_id,
        bucket,
        open_amount,
        collectable_amount,
        in_hand_amount,
        disputed_amount,
        pending_amount
    FROM item
    UNION ALL
    SELECT
        'branch' AS scope_kind,
        branch_id AS scope_id,
        bucket,
        open_amount,
        collectable_amount,
        in_hand_amount,
        disputed_amount,
        pending_amount
    FROM item
)
SELECT
    scope_kind,
    scope_id,
    bucket,
    CAST(COUNT(*) AS INTEGER) AS bill_count,
    CAST(SUM(open_amount) AS DECIMAL(18, 2)) AS open_amount,
    CAST(SUM(collectable_amount) AS DECIMAL(18, 2)) AS collectable_amount,
    CAST(SUM(in_hand_amount) AS DECIMAL(18, 2)) AS in_hand_amount,
    CAST(SUM(disputed_amount) AS DECIMAL(18, 2)) AS disputed_amount,
    CAST(SUM(pending_amount) AS DECIMAL(18, 2)) AS pending_amount
FROM placed
GROUP BY scope_kind, scope_id, bucket
