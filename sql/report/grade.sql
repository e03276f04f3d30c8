/* ---
title: {zh: 年度考核等次, en: Year grades}
owner: retention
key: [employee_id, year]
tolerates: [appraisal_input, appraisal_input.department_score, appraisal_input.review_leader,
  appraisal_input.review_heads, appraisal_input.review_staff, appraisal_input.is_outstanding, prior.report_grade]
--- */
-- Made in December from its sheet and the year's months, and carried on: what follows counts the years before.
WITH months AS (
    SELECT employee_id, SUM(total_score) AS total, COUNT(*) AS month_count
    FROM report_appraisal
    WHERE month >= :year_begins
    GROUP BY employee_id
),
judged AS (
    -- Times the months, so that grades are decided on exact sums and not on a quotient.
    SELECT
        a.employee_id,
        a.role,
        COALESCE(m.month_count, 1) AS month_count,
        CASE
            WHEN a.role = 'staff' THEN 0.6 * m.total
                + m.month_count * (0.2 * a.department_score + 0.12 * a.review_heads + 0.08 * a.review_staff)
            ELSE COALESCE(m.month_count, 1) * (0.7 * a.department_score
                + 0.18 * a.review_leader + 0.06 * a.review_heads + 0.06 * a.review_staff)
        END AS points,
        COALESCE(a.is_outstanding, FALSE) AS is_outstanding
    FROM snapshot_appraisal_input AS a
    LEFT JOIN months AS m ON m.employee_id = a.employee_id
    WHERE :month_number = 12
),
graded AS (
    SELECT
        employee_id,
        :year AS year,
        role,
        CAST(points AS DOUBLE) / month_count AS year_score,
        CASE
            WHEN points IS NULL THEN 'not_appraised'
            WHEN points >= 95 * month_count AND is_outstanding THEN 'outstanding'
            WHEN points >= 95 * month_count THEN 'excellent'
            WHEN points >= 85 * month_count THEN 'competent'
            WHEN points >= 60 * month_count THEN 'basically_competent'
            ELSE 'not_competent'
        END AS grade
    FROM judged
),
held AS (
    SELECT employee_id, year, role, year_score, grade FROM graded
    UNION ALL
    SELECT employee_id, year, role, year_score, grade FROM prior.report_grade WHERE :month_number <> 12 OR year < :year
),
counted AS (
    SELECT
        h.employee_id,
        h.year,
        COUNT(CASE WHEN e.grade = 'basically_competent' THEN 1 END) AS basically_count,
        COUNT(CASE WHEN e.grade IN ('excellent', 'outstanding') THEN 1 END) AS excellent_count
    FROM held AS h
    JOIN held AS e ON e.employee_id = h.employee_id AND e.year <= h.year
    GROUP BY h.employee_id, h.year
)
SELECT
    h.employee_id,
    h.year,
    h.role,
    h.year_score,
    h.grade,
    CAST(CASE
        WHEN h.grade IN ('outstanding', 'excellent', 'competent') THEN 1
        WHEN h.grade = 'basically_competent' THEN 0.9
        WHEN h.grade = 'not_competent' THEN 0.5
    END AS DECIMAL(3, 2)) AS payout_share,
    CAST(CASE
        WHEN h.grade = 'outstanding' THEN 0.2
        WHEN h.grade = 'excellent' THEN 0.1
        WHEN h.grade = 'competent' THEN 0
        WHEN h.grade = 'basically_competent' THEN -0.1
    END AS DECIMAL(3, 2)) AS coefficient_change,
    CASE
        WHEN h.grade = 'not_competent' THEN 'pay_stops'
        WHEN h.grade = 'basically_competent' AND c.basically_count >= 3 THEN 'trial'
        WHEN h.grade = 'basically_competent' AND c.basically_count = 2 THEN 'post_pay_down'
        WHEN h.grade = 'outstanding' OR (h.grade = 'excellent' AND c.excellent_count >= 2) THEN 'talent_pool'
    END AS consequence
FROM held AS h
JOIN counted AS c ON c.employee_id = h.employee_id AND c.year = h.year
