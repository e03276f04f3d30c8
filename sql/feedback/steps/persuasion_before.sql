/* ---
title: {zh: 以前各月各分群的对照合计, en: The sums of the segments over the months before}
--- */
SELECT
    list,
    segment,
    month_count,
    treated_order_count,
    treated_lost_count,
    treated_foreseen_sum,
    holdout_order_count,
    holdout_lost_count,
    holdout_foreseen_sum
FROM prior.feedback_persuasion
WHERE segment <> 'all'
