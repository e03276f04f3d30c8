/* ---
title: {zh: 绩效工资, en: Performance pay}
owner: retention
key: [employee_id]
tolerates: [appraisal_input.base_amount, appraisal_input.coefficient, appraisal_input.score,
  appraisal_input.bonus_points, appraisal_input.deduction_points, appraisal_input.is_on_probation,
  appraisal_input.has_certificate, prior.report_grade]
--- */
-- pay = base * coefficient * score / 100, by the quarter before and the certificate. What is missing is not appraised.
WITH quarter AS (
    SELECT employee_id, COUNT(*) AS month_count, MIN(total_score) AS lowest, MAX(total_score) AS highest
    FROM report_appraisal
    WHERE month >= :last_quarter_begins AND month < :quarter_begins
    GROUP BY employee_id
),
stopped AS (
    SELECT employee_id FROM prior.report_grade WHERE year = :last_year AND grade = 'not_competent'
),
sheet AS (
    SELECT
        a.employee_id,
        a.role,
        a.department_id,
        a.base_amount,
        a.coefficient,
        m.total_score,
        CASE
            WHEN q.month_count = 3 AND q.lowest >= :pay_high_score THEN :pay_high_factor
            WHEN q.month_count = 3 AND q.highest < :pay_low_score THEN :pay_low_factor
            ELSE 1
        END AS quarter_factor,
        CASE WHEN COALESCE(a.has_certificate, TRUE) THEN 1 ELSE :pay_uncertified_factor END AS certificate_factor,
        CASE
            WHEN a.is_on_probation THEN 'on_probation'
            WHEN s.employee_id IS NOT NULL THEN 'stopped'
            WHEN m.total_score IS NULL THEN 'not_appraised'
            WHEN a.base_amount IS NULL THEN 'no_base'
            WHEN a.coefficient IS NULL OR a.coefficient < 0.5 OR a.coefficient > 4.9 THEN 'bad_coefficient'
            ELSE 'paid'
        END AS state
    FROM snapshot_appraisal_input AS a
    LEFT JOIN report_appraisal AS m ON m.employee_id = a.employee_id AND m.month = :month
    LEFT JOIN quarter AS q ON q.employee_id = a.employee_id
    LEFT JOIN stopped AS s ON s.employee_id = a.employee_id
)
SELECT
    employee_id,
    role,
    department_id,
    base_amount,
    CAST(coefficient AS DECIMAL(8, 6)) AS coefficient,
    CAST(total_score AS DECIMAL(9, 6)) AS total_score,
    CAST(quarter_factor AS DECIMAL(4, 2)) AS quarter_factor,
    CAST(certificate_factor AS DECIMAL(4, 2)) AS certificate_factor,
    state,
    CASE
        WHEN state IN ('on_probation', 'stopped') THEN CAST(0 AS DECIMAL(18, 2))
        WHEN state = 'paid' THEN CAST(ROUND(
            CAST(base_amount AS DECIMAL(38, 2)) * CAST(coefficient AS DECIMAL(8, 6)) * CAST(total_score AS DECIMAL(9, 6))
            * CAST(quarter_factor * certificate_factor * 0.01 AS DECIMAL(8, 6)), 2
        ) AS DECIMAL(18, 2))
    END AS pay_amount
FROM sheet
