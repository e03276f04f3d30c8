/* ---
title: {zh: 缴费行为, en: "What a line owes, since when and how often"}
owner: retention
key: [service_id]
model:
  past_due_ratio: {reason: arrears, monotone: {involuntary: 1}}
  past_due_age_days: {reason: arrears, monotone: {involuntary: 1}}
  past_due_month_count: {reason: arrears, monotone: {involuntary: 1}}
--- */
SELECT
    h.service_id,
    CAST(h.past_due_amount_0 AS DOUBLE) / NULLIF(CAST(h.revenue_0 AS DOUBLE), 0) AS past_due_ratio,
    COALESCE(DATE_DIFF('day', a.oldest_due_on, CAST(:last_day AS DATE)), 0) AS past_due_age_days,
    CASE WHEN h.past_due_amount_0 > 0 THEN 1 ELSE 0 END
        + CASE WHEN h.past_due_amount_1 > 0 THEN 1 ELSE 0 END
        + CASE WHEN h.past_due_amount_2 > 0 THEN 1 ELSE 0 END
        + CASE WHEN h.past_due_amount_3 > 0 THEN 1 ELSE 0 END
        + CASE WHEN h.past_due_amount_4 > 0 THEN 1 ELSE 0 END
        + CASE WHEN h.past_due_amount_5 > 0 THEN 1 ELSE 0 END AS past_due_month_count
FROM features_history AS h
LEFT JOIN (
    SELECT service_id, MIN(oldest_due_on) AS oldest_due_on FROM features_arrears GROUP BY service_id
) AS a ON a.service_id = h.service_id
WHERE h.last_month = :month
