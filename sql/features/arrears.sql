/* ---
title: {zh: 欠费与账龄, en: Open and past-due amounts by age}
owner: retention
key: [service_id, customer_id]
--- */
-- What is not due and what is aged add up to what is open; so do what may be collected, what money in hand covers, what
-- is disputed, and what is neither disputed nor due.
SELECT
    service_id,
    customer_id,
    CAST(SUM(open_amount) AS DECIMAL(18, 2)) AS open_amount,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE is_past_due), 0) AS DECIMAL(18, 2)) AS past_due_amount,
    CAST(COUNT(*) FILTER (WHERE is_past_due) AS INTEGER) AS past_due_count,
    MIN(due_on) FILTER (WHERE is_past_due) AS oldest_due_on,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE bucket = 'not_due'), 0) AS DECIMAL(18, 2)) AS not_due_amount,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE bucket = '0_30'), 0) AS DECIMAL(18, 2)) AS aged_0_30_amount,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE bucket = '31_60'), 0) AS DECIMAL(18, 2)) AS aged_31_60_amount,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE bucket = '61_90'), 0) AS DECIMAL(18, 2)) AS aged_61_90_amount,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE bucket = '91_180'), 0) AS DECIMAL(18, 2)) AS aged_91_180_amount,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE bucket = '181_365'), 0) AS DECIMAL(18, 2)) AS aged_181_365_amount,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE bucket = 'over_365'), 0) AS DECIMAL(18, 2)) AS aged_over_365_amount,
    CAST(SUM(collectable_amount) AS DECIMAL(18, 2)) AS collectable_amount,
    MIN(due_on) FILTER (WHERE collectable_amount > 0) AS oldest_collectable_due_on,
    CAST(SUM(in_hand_amount) AS DECIMAL(18, 2)) AS in_hand_amount,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE is_disputed), 0) AS DECIMAL(18, 2)) AS disputed_amount,
    CAST(COALESCE(SUM(open_amount) FILTER (WHERE NOT is_past_due AND NOT is_disputed), 0) AS DECIMAL(18, 2))
        AS pending_amount
FROM features_open_bill
GROUP BY service_id, customer_id
