/* ---
title: {zh: 承诺兑现率, en: Promises kept}
owner: retention
version: 2
unit: ratio
better: higher
period: sum
default: kept
shown_in: {execution: 3}
variants:
  kept: {zh: 本月到期的缴费承诺中（扣除冲减后）已足额到账且未退回, en: "promises whose grace ended this month and whose money came and stayed, less credit notes on the bills"}
--- */
SELECT customer_id, CASE WHEN state = 'kept' THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM feedback_promise
WHERE grace_on <= :last_day AND state <> 'void'
