/* ---
title: {zh: 万投比, en: Complaints per 10 000 services}
owner: retention
version: 1
unit: per_10k
better: lower
period: sum
default: per_10k
shown_in: {overall: 9}
variants:
  per_10k: {zh: 每万在网用户本月投诉, en: complaints opened this month by 10 000 services}
--- */
SELECT customer_id, 10000 AS numerator, 0 AS denominator
FROM snapshot_trouble_ticket
WHERE category = 'complaint' AND opened_on >= :first_day AND opened_on <= :last_day
UNION ALL
SELECT customer_id, 0 AS numerator, 1 AS denominator
FROM features_service
WHERE is_in_net
