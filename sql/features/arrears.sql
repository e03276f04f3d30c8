/* ---
title: {zh: 欠费与账龄, en: Open and past-due amounts by age}
owner: retention
key: [service_id, customer_id]
--- */
WITH item AS (
    SELECT
        r.service_id,
        r.customer_id,
        r.open_amount,
        r.due_on,
        r.due_on <= :last_day AS is_past_due,
        DATE_DIFF('day', r.due_on, CAST(:last_day AS DATE)) AS age_days
    FROM snapshot_receivable AS r
    JOIN features_service AS s ON s.service_id = r.service_id
)
SELECT
    service_id,
    customer_id,
    CAST(SUM(open_amount) AS DECIMAL(18, 2)) AS open_amount,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE is_past_due), 0) AS DECIMAL(18, 2)) AS past_due_amount,
    CAST(COUNT(*) FILTER (WHERE is_past_due) AS INTEGER) AS past_due_count,
    MIN(due_on) FILTER (WHERE is_past_due) AS oldest_due_on,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE age_days BETWEEN 0 AND 30), 0) AS DECIMAL(18, 2)) AS aged_0_30_amount,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE age_days BETWEEN 31 AND 60), 0) AS DECIMAL(18, 2)) AS aged_31_60_amount,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE age_days BETWEEN 61 AND 90), 0) AS DECIMAL(18, 2)) AS aged_61_90_amount,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE age_days BETWEEN 91 AND 180), 0) AS DECIMAL(18, 2))
        AS aged_91_180_amount,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE age_days BETWEEN 181 AND 365), 0) AS DECIMAL(18, 2))
        AS aged_181_365_amount,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE age_days > 365), 0) AS DECIMAL(18, 2)) AS aged_over_365_amount
FROM item
GROUP BY service_id, customer_id
