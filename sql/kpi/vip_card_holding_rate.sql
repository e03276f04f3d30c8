/* ---
title: {zh: VIP持卡率, en: VIP card-holding rate}
owner: retention
version: 1
unit: ratio
better: higher
target: 0.80
default: holding
shown_in: {overall: 1, headline: 1, done: {holding: 1}}
variants:
  holding: {zh: 持有有效且不低于资格等级的卡, en: holds a valid card of his tier or above}
--- */
SELECT customer_id, CASE WHEN has_card THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM features_card
