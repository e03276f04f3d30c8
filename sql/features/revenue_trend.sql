/* ---
title: {zh: 收入走势, en: Revenue of this month against the months before}
owner: retention
key: [service_id]
model:
  revenue_now: {reason: price}
  revenue_before: {reason: price}
  revenue_change: {reason: bill_change}
--- */
WITH mean AS (
    SELECT
        service_id,
        CAST(revenue_0 AS DOUBLE) AS revenue_now,
        CAST(COALESCE(revenue_1, 0) + COALESCE(revenue_2, 0) + COALESCE(revenue_3, 0) AS DOUBLE) / NULLIF(
            CASE WHEN revenue_1 IS NULL THEN 0 ELSE 1 END
            + CASE WHEN revenue_2 IS NULL THEN 0 ELSE 1 END
            + CASE WHEN revenue_3 IS NULL THEN 0 ELSE 1 END, 0
        ) AS revenue_before
    FROM features_history
    WHERE last_month = :month
)
SELECT
    service_id,
    revenue_now,
    revenue_before,
    revenue_now - revenue_before AS revenue_change
FROM mean
