/* ---
title: {zh: 感知率, en: Perception rate}
owner: retention
version: 1
unit: ratio
better: higher
period: sum
default: top_two
interval: wilson
variants:
  top_two: {zh: 评分四分及以上的答卷, en: answers of four or five}
--- */
SELECT customer_id, CASE WHEN score >= 4 THEN 1 ELSE 0 END AS numerator, 1 AS denominator
FROM snapshot_survey_answer
