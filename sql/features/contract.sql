/* ---
title: {zh: 合约与优惠到期, en: Days to the end of contract and promotion}
owner: retention
key: [service_id]
tolerates: [service.promotion_discount_amount]
model:
  days_to_contract_end: {reason: contract}
  days_to_promotion_end: {reason: promotion}
  promotion_discount_amount: {reason: promotion}
--- */
SELECT
    s.service_id,
    DATE_DIFF('day', CAST(:last_day AS DATE), k.contract_end_on) AS days_to_contract_end,
    DATE_DIFF('day', CAST(:last_day AS DATE), k.promotion_end_on) AS days_to_promotion_end,
    k.promotion_discount_amount
FROM features_service AS s
JOIN snapshot_service AS k ON k.service_id = s.service_id
