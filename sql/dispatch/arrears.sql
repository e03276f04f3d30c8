/* ---
title: {zh: 欠费, en: Arrears of high-value customers}
purpose: debt
priority: 30
holdout: false
due: {working_days: 7}
action: {zh: 核对欠费账单，约定缴费日期, en: Go through the open bills and agree on a day of payment}
outcomes: [paid, promised]
script:
- zh: "您好，您的手机账户有 {amount} 元已过缴费期，最早一笔 {oldest_due_on} 到期。"
  en: "Good day, {amount} yuan on your mobile account are past due, the oldest since {oldest_due_on}."
- zh: "账单上有没有不清楚的地方，需要一起核对吗？"
  en: "Is anything on the bill unclear, and shall we go through it together?"
- zh: "您看哪天缴清方便？"
  en: "On which day could you pay?"
evidence:
  zh: "手机欠费 {amount} 元，共 {service_count} 个号码，最早 {oldest_due_on} 到期，账龄 {age_days} 天"
  en: "{amount} yuan past due on {service_count} mobile number(s), the oldest since {oldest_due_on}: {age_days} days"
prior: {probability: 0.3, persuadability: 0.5}
minimum: true  # the duty comes before the value
--- */
WITH item AS (
    SELECT
        a.customer_id,
        a.service_id,
        a.past_due_amount,
        a.oldest_due_on,
        ROW_NUMBER() OVER (PARTITION BY a.customer_id ORDER BY a.oldest_due_on, a.service_id) AS position
    FROM features_arrears AS a
    JOIN features_service AS s ON s.service_id = a.service_id
    JOIN features_high_value AS h ON h.customer_id = a.customer_id AND h.is_high_value
    WHERE a.past_due_amount > 0 AND s.service_type = 'mobile'
)
SELECT
    customer_id,
    MAX(service_id) FILTER (WHERE position = 1) AS service_id,
    0 AS rank_group,
    CAST(MAX(DATE_DIFF('day', oldest_due_on, CAST(:last_day AS DATE))) AS DECIMAL(18, 2)) AS rank_value,
    CAST(SUM(past_due_amount) AS DECIMAL(18, 2)) AS amount,
    CASE
        WHEN MAX(DATE_DIFF('day', oldest_due_on, CAST(:last_day AS DATE))) <= 30 THEN 'past_due_0_30'
        WHEN MAX(DATE_DIFF('day', oldest_due_on, CAST(:last_day AS DATE))) <= 90 THEN 'past_due_31_90'
        ELSE 'past_due_over_90'
    END AS reason_code,
    CAST(COUNT(DISTINCT service_id) AS INTEGER) AS service_count,
    MIN(oldest_due_on) AS oldest_due_on,
    CAST(MAX(DATE_DIFF('day', oldest_due_on, CAST(:last_day AS DATE))) AS INTEGER) AS age_days
FROM item
GROUP BY customer_id
