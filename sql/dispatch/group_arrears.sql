/* ---
title: {zh: 集团欠费, en: Arrears of groups and their members}
purpose: debt
priority: 50
holdout: false
due: {working_days: 7}
action: {zh: 与集团联系人核对欠费并催收, en: Go through the open bills with the contact of the group}
--- */
WITH item AS (
    SELECT
        CASE WHEN k.customer_type = 'group' THEN k.customer_id ELSE k.group_customer_id END AS customer_id,
        a.past_due_amount,
        DATE_DIFF('day', a.oldest_due_on, CAST(:last_day AS DATE)) AS age_days
    FROM features_arrears AS a
    JOIN snapshot_customer AS k ON k.customer_id = a.customer_id
    WHERE a.past_due_amount > 0 AND (k.customer_type = 'group' OR k.group_customer_id IS NOT NULL)
)
SELECT
    customer_id,
    CAST(NULL AS VARCHAR) AS service_id,
    0 AS rank_group,
    CAST(MAX(age_days) AS DECIMAL(18, 2)) AS rank_value,
    CAST(SUM(past_due_amount) AS DECIMAL(18, 2)) AS amount,
    CASE
        WHEN MAX(age_days) <= 30 THEN 'past_due_0_30'
        WHEN MAX(age_days) <= 90 THEN 'past_due_31_90'
        ELSE 'past_due_over_90'
    END AS reason_code
FROM item
GROUP BY customer_id
