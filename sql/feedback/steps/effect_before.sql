/* ---
title: {zh: 以前各月的对照合计, en: The sums of the lists over the months before}
--- */
SELECT
    list,
    month_count,
    treated_order_count,
    treated_kept_count,
    treated_revenue_sum,
    treated_revenue_square_sum,
    holdout_order_count,
    holdout_kept_count,
    holdout_revenue_sum,
    holdout_revenue_square_sum
FROM prior.feedback_effect
WHERE list <> 'overall'
