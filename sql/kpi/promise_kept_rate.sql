/* ---
title: {zh: 承诺兑现率, en: Promises kept}
owner: retention
version: 2
was: {1: {zh: 退回的缴费仍算到账，冲减不减少应缴承诺, en: "money that came back counted as paid, and credit notes took nothing from a promise"}}
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
