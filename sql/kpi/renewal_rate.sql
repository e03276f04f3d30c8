/* ---
title: {zh: 续约率, en: Renewal rate}
owner: retention
version: 1
unit: ratio
better: higher
period: sum
default: renewed
variants:
  renewed: {zh: 本月到期合约已续, en: contracts that fell due this month and run on}
--- */
SELECT
    before.customer_id,
    CASE WHEN now.is_in_net AND k.contract_end_on > before_k.contract_end_on THEN 1 ELSE 0 END AS numerator,
    1 AS denominator
FROM m1.features_service AS before
JOIN m1.snapshot_service AS before_k ON before_k.service_id = before.service_id
LEFT JOIN features_service AS now ON now.service_id = before.service_id
LEFT JOIN snapshot_service AS k ON k.service_id = before.service_id
WHERE before_k.contract_end_on >= :first_day AND before_k.contract_end_on <= :last_day
