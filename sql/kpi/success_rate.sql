/* ---
title: {zh: 维系成功率, en: Success rate}
owner: retention
version: 2
was: {1: {zh: 催缴清单：派单前的缴费也计入，退回的仍算到账，冲减不减少应缴金额；续约未到期也核验，拆机挽留和活动邀约只看在网出账, en: "debt lists: payments before the dispatch counted, money that came back too, and credit notes took nothing from the amount; renewals were judged before what they were about had ended, and saved lines and invitations by being in the network and billed"}}
lag: 1
unit: ratio
better: higher
period: sum
default: contacted
shown_in: {execution: 2, done: {claimed: 3, contacted: 4}}
variants:
  contacted: {zh: 接触到的派单中核验成功, en: 'verified successes, of the orders reached'}
  dispatched: {zh: 派出的派单中核验成功, en: 'verified successes, of the orders sent out'}
  claimed: {zh: 接触到的派单中自报成功, en: 'successes as reported, of the orders reached'}
--- */
SELECT customer_id, 'contacted' AS variant, CASE WHEN is_verified THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM feedback_outcome
WHERE arm = 'treated' AND is_reached AND is_verified IS NOT NULL  -- what cannot be checked is in neither
UNION ALL
SELECT customer_id, 'dispatched' AS variant, CASE WHEN is_verified THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM feedback_outcome
WHERE arm = 'treated' AND is_verified IS NOT NULL
UNION ALL
SELECT customer_id, 'claimed' AS variant, CASE WHEN is_claimed THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM feedback_outcome
WHERE arm = 'treated' AND is_reached AND NOT is_judged_later  -- an order whose end is to come speaks in three months
