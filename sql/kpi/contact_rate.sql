/* ---
title: {zh: 派单执行率, en: Contact rate}
owner: retention
version: 1
lag: 1
unit: ratio
better: higher
period: sum
default: reached
shown_in: {execution: 1, done: {reached: 2}}
variants:
  reached: {zh: 上月派单中已接触到本人, en: orders of last month whose outcome says a person was reached}
--- */
SELECT customer_id, CASE WHEN is_reached THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM feedback_order
WHERE arm = 'treated'
