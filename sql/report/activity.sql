/* ---
title: {zh: 活动总结, en: "Activities held in the month: guests, cost, answers"}
owner: retention
key: [activity_id]
tolerates: [activity.branch_id, activity.cost_amount, survey_answer, survey_answer.activity_id]
--- */
WITH guest AS (
    SELECT
        activity_id,
        COUNT(*) FILTER (WHERE is_invited) AS invited_count,
        COUNT(*) FILTER (WHERE has_attended) AS attended_count
    FROM snapshot_activity_guest
    GROUP BY activity_id
),
answer AS (
    SELECT activity_id, COUNT(*) AS answer_count, COUNT(*) FILTER (WHERE score >= 4) AS satisfied_count
    FROM snapshot_survey_answer
    WHERE activity_id IS NOT NULL
    GROUP BY activity_id
)
SELECT
    a.activity_id,
    a.name,
    a.branch_id,
    a.held_on,
    CAST(a.cost_amount AS DECIMAL(18, 2)) AS cost_amount,
    CAST(COALESCE(g.invited_count, 0) AS INTEGER) AS invited_count,
    CAST(COALESCE(g.attended_count, 0) AS INTEGER) AS attended_count,
    CASE WHEN :has_snapshot_survey_answer THEN CAST(COALESCE(w.answer_count, 0) AS INTEGER) END AS answer_count,
    CASE WHEN :has_snapshot_survey_answer THEN CAST(COALESCE(w.satisfied_count, 0) AS INTEGER) END AS satisfied_count
FROM snapshot_activity AS a
LEFT JOIN guest AS g ON g.activity_id = a.activity_id
LEFT JOIN answer AS w ON w.activity_id = a.activity_id
WHERE a.held_on >= :first_day AND a.held_on <= :last_day
