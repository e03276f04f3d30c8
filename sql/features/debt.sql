/* ---
title: {zh: 客户欠费, en: "What each customer owes on mobile and on fixed lines: what may be collected, and what not"}
owner: retention
key: [customer_id, line_kind]
--- */
WITH item AS (
    SELECT
        customer_id,
        service_id,
        due_on,
        age_days,
        open_amount,
        is_past_due,
        is_disputed,
        in_hand_amount,
        collectable_amount,
        collectable_amount > 0 AS is_collectable,
        CASE WHEN service_type = 'mobile' THEN 'mobile' ELSE 'fixed' END AS line_kind
    FROM features_open_bill
),
placed AS (
    SELECT
        customer_id,
        line_kind,
        service_id,
        due_on,
        age_days,
        open_amount,
        is_past_due,
        is_disputed,
        in_hand_amount,
        collectable_amount,
        is_collectable,
        ROW_NUMBER() OVER (
            PARTITION BY customer_id, line_kind
            ORDER BY CASE WHEN is_collectable THEN 0 ELSE 1 END, due_on, service_id
        ) AS position
    FROM item
)
SELECT
    customer_id,
    line_kind,
    MAX(service_id) FILTER (WHERE position = 1) AS service_id,
    CAST(SUM(collectable_amount) AS DECIMAL(18, 2)) AS amount,
    CAST(COUNT(DISTINCT CASE WHEN is_collectable THEN service_id END) AS INTEGER) AS service_count,
    MIN(due_on) FILTER (WHERE is_collectable) AS oldest_due_on,
    MAX(age_days) FILTER (WHERE is_collectable) AS age_days,
    CAST(SUM(in_hand_amount) AS DECIMAL(18, 2)) AS in_hand_amount,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE is_disputed), 0) AS DECIMAL(18, 2)) AS disputed_amount,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE NOT is_past_due AND NOT is_disputed), 0) AS DECIMAL(18, 2))
        AS pending_amount
FROM placed
GROUP BY customer_id, line_kind
