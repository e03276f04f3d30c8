/* ---
version: 2
was: {1: {zh: 催缴清单沿用当时的核验结果，之后退回的不再看；续约只看次月的核验, en: "debt lists kept the verdict of their time, whatever came back since; renewals had the verdict of the month after"}}
lag: 3
variants:
  contacted_m3: {zh: 三个月前接触到的派单中至今核验成功, en: 'verified successes three months on, of the orders reached'}
  dispatched_m3: {zh: 三个月前派出的派单中至今核验成功, en: 'verified successes three months on, of the orders sent out'}
  claimed_m3: {zh: 三个月前接触到的派单中自报成功, en: 'successes as reported, of the orders reached three months ago'}
--- */
SELECT customer_id, 'contacted_m3' AS variant, CASE WHEN is_verified THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM feedback_outcome_m3
WHERE arm = 'treated' AND is_reached AND is_verified IS NOT NULL
UNION ALL
SELECT customer_id, 'dispatched_m3' AS variant, CASE WHEN is_verified THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM feedback_outcome_m3
WHERE arm = 'treated' AND is_verified IS NOT NULL
UNION ALL
SELECT customer_id, 'claimed_m3' AS variant, CASE WHEN is_claimed THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM feedback_outcome_m3
WHERE arm = 'treated' AND is_reached
