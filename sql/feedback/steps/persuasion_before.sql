/* ---
title: {zh: 以前各月各分群的对照合计, en: The sums of the segments over the months before}
--- */
-- Months that have no squares yet are taken as if each line had left by itself.
SELECT
    list,
    segment,
    month_count,
    treated_order_count,
    treated_lost_count,
    COALESCE(treated_lost_square_sum, treated_lost_count) AS treated_lost_square_sum,
    treated_foreseen_sum,
    holdout_order_count,
    holdout_lost_count,
    COALESCE(holdout_lost_square_sum, holdout_lost_count) AS holdout_lost_square_sum,
    holdout_foreseen_sum
FROM prior.feedback_persuasion
WHERE segment <> 'all'
