/* ---
title: {zh: 上月两组的合计, en: "The sums of last month's orders, a row a list and arm"}
--- */
SELECT list, arm, order_count, kept_count, revenue_sum, revenue_square_sum
FROM feedback_arm
