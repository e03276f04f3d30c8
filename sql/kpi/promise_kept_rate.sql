/* ---
title: {zh: 承诺兑现率, en: Promises kept}
owner: retention
version: 1
unit: ratio
better: higher
period: sum
default: kept
shown_in: {execution: 3}
variants:
  kept: {zh: 本月到期的缴费承诺中已足额到账, en: promises whose grace ended this month and whose money came}
--- */
SELECT customer_id, CASE WHEN state = 'kept' THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM feedback_promise
WHERE grace_on <= :last_day
