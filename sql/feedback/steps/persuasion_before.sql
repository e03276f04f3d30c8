/* ---
title: {zh: 以前各月各分群的对照合计, en: The sums of the segments over the months before}
--- */
-- Months of before counted lines instead of orders, and have no such column: what they saw is let go.
SELECT
    list,
    segment,
    month_count,
    treated_order_count,
    treated_lost_sum,
    treated_foreseen_sum,
    holdout_order_count,
    holdout_lost_sum,
    holdout_foreseen_sum
FROM prior.feedback_persuasion
WHERE segment <> 'all' AND treated_lost_sum IS NOT NULL
