/* ---
title: {zh: 未清账单, en: "Every open bill: its age, whether it is disputed, and what money in hand leaves of it"}
owner: retention
key: [bill_id]
tolerates: [prepaid_balance, receivable.is_disputed]
--- */
-- A line that is in the file no more counts as it was last known. Money in hand is set against the customer's own bills
-- that are past due and not disputed, the oldest first; where nothing says which are disputed it is set against none.
WITH told AS (
    SELECT COUNT(is_disputed) > 0 AS is_dispute_told
    FROM snapshot_receivable
),
item AS (
    SELECT
        r.bill_id,
        r.service_id,
        r.customer_id,
        k.service_type,
        r.bill_month,
        r.open_amount,
        r.due_on,
        DATE_DIFF('day', r.due_on, CAST(:last_day AS DATE)) AS age_days,
        COALESCE(r.is_disputed, FALSE) AS is_disputed,
        CASE
            WHEN t.is_dispute_told AND r.due_on <= :last_day AND NOT COALESCE(r.is_disputed, FALSE) THEN r.open_amount
            ELSE 0
        END AS coverable_amount
    FROM snapshot_receivable AS r
    JOIN features_known_service AS k ON k.service_id = r.service_id AND NOT k.is_excluded
    CROSS JOIN told AS t
),
queued AS (
    SELECT
        i.bill_id,
        COALESCE(p.balance_amount, 0) - COALESCE(SUM(i.coverable_amount) OVER (
            PARTITION BY i.customer_id ORDER BY i.due_on, i.bill_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS left_in_hand
    FROM item AS i
    LEFT JOIN snapshot_prepaid_balance AS p ON p.customer_id = i.customer_id
),
covered AS (
    SELECT
        i.bill_id,
        i.service_id,
        i.customer_id,
        i.service_type,
        i.bill_month,
        i.open_amount,
        i.due_on,
        i.age_days,
        i.is_disputed,
        GREATEST(LEAST(i.coverable_amount, q.left_in_hand), 0) AS in_hand_amount
    FROM item AS i
    JOIN queued AS q ON q.bill_id = i.bill_id
)
SELECT
    bill_id,
    service_id,
    customer_id,
    service_type,
    bill_month,
    open_amount,
    due_on,
    CAST(age_days AS INTEGER) AS age_days,
    CASE
        WHEN age_days < 0 THEN 'not_due'
        WHEN age_days <= 30 THEN '0_30'
        WHEN age_days <= 60 THEN '31_60'
        WHEN age_days <= 90 THEN '61_90'
        WHEN age_days <= 180 THEN '91_180'
        WHEN age_days <= 365 THEN '181_365'
        ELSE 'over_365'
    END AS bucket,
    age_days >= 0 AS is_past_due,
    is_disputed,
    CAST(in_hand_amount AS DECIMAL(18, 2)) AS in_hand_amount,
    CAST(
        CASE WHEN age_days >= 0 AND NOT is_disputed THEN open_amount - in_hand_amount ELSE 0 END AS DECIMAL(18, 2)
    ) AS collectable_amount
FROM covered
