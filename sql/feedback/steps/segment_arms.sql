/* ---
title: {zh: 上月各分群两组的合计, en: "The sums of last month's orders, a row a list, segment and arm"}
--- */
SELECT list, segment, arm, order_count, lost_count, lost_square_sum, foreseen_sum
FROM feedback_segment
