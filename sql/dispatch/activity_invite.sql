/* ---
title: {zh: 活动邀约, en: Invitations to activities of next month}
version: 2
purpose: marketing
priority: 160
holdout: true
due: {column: due_on}
verify: attended
action: {zh: 电话邀约参加活动，登记是否出席, en: Invite by telephone and note who will come}
outcomes: [accepted]
script:
- zh: "您好，{held_on} 我们举办「{activity_name}」，共 {seats} 个名额，邀请您参加。"
  en: "Good day, you are invited to “{activity_name}” on {held_on}, which has {seats} seats."
  by: [activity_next_month]
- zh: "您那天方便吗，需要留位吗？"
  en: "Are you free that day, and shall I keep a seat for you?"
evidence:
  zh: "{held_on} 举办「{activity_name}」，共 {seats} 席，按消费排第 {place} 位，近三个月月均消费 {amount} 元"
  en: "“{activity_name}” on {held_on}, {seats} seats: place {place} by value, {amount} yuan a month on the mean of three months"
prior: {probability: 0.02, persuadability: 0.1}
tolerates: [activity.branch_id]  # without it every activity is for all branches
--- */
WITH guest AS (  -- an unknown number of seats seats nobody
    SELECT
        h.customer_id,
        h.value_at_risk,
        a.activity_id,
        a.name AS activity_name,
        a.held_on,
        a.seats,
        ROW_NUMBER() OVER (PARTITION BY a.activity_id ORDER BY h.value_at_risk DESC NULLS LAST, h.customer_id) AS place
    FROM snapshot_activity AS a
    JOIN features_owner AS o ON a.branch_id IS NULL OR o.branch_id = a.branch_id
    JOIN features_high_value AS h ON h.customer_id = o.customer_id AND h.is_high_value
    WHERE a.held_on >= :next_first_day AND a.held_on <= :next_last_day
),
invited AS (
    SELECT
        customer_id, value_at_risk, activity_name, held_on, seats, place,
        ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY held_on, activity_id) AS choice
    FROM guest
    WHERE place <= seats
)
SELECT
    customer_id,
    CAST(NULL AS VARCHAR) AS service_id,
    0 AS rank_group,
    value_at_risk AS rank_value,
    value_at_risk AS amount,
    'activity_next_month' AS reason_code,
    held_on AS due_on,
    activity_name,
    held_on,
    CAST(seats AS INTEGER) AS seats,
    CAST(place AS INTEGER) AS place
FROM invited
WHERE choice = 1
