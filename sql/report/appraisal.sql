/* ---
title: {zh: 月度考核得分, en: Monthly appraisal scores}
owner: retention
key: [employee_id, month]
tolerates: [appraisal_input, appraisal_input.score, appraisal_input.bonus_points, appraisal_input.deduction_points,
  prior.report_appraisal]
--- */
-- The last thirteen months, carried from month to month. Whoever has no sheet has no score, which is not a score of 0.
SELECT
    employee_id,
    :month AS month,
    score + COALESCE(bonus_points, 0) - COALESCE(deduction_points, 0) AS total_score
FROM snapshot_appraisal_input
WHERE score IS NOT NULL
UNION ALL
SELECT employee_id, month, total_score
FROM prior.report_appraisal
WHERE month >= :month_m12 AND month < :month
