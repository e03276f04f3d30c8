/* ---
title: {zh: 合约与优惠到期, en: Days to the end of contract and promotion}
owner: retention
key: [service_id]
--- */
SELECT
    s.service_id,
    DATE_DIFF('day', CAST(:last_day AS DATE), k.contract_end_on) AS days_to_contract_end,
    DATE_DIFF('day', CAST(:last_day AS DATE), k.promotion_end_on) AS days_to_promotion_end
FROM features_service AS s
JOIN snapshot_service AS k ON k.service_id = s.service_id
