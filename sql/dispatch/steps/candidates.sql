/* ---
title: {zh: 名单客户, en: "Everybody on a list, ordered or not, with what put them there"}
inputs: [decision]
--- */
SELECT
    CAST(:month AS VARCHAR) AS month,
    list,
    customer_id,
    service_id,
    rank,
    rank_value,
    amount,
    reason_codes,
    evidence,
    expected_value
FROM decision
