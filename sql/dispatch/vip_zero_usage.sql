/* ---
title: {zh: 高端零次户, en: High-value customers with zero usage}
purpose: service
priority: 70
holdout: true
due: {day: 12}
action: {zh: 关怀回访，核实是否弃用或换号, en: "Call and find out whether the number is given up or replaced"}
--- */
SELECT
    z.customer_id,
    z.service_id,
    0 AS rank_group,
    h.value_at_risk AS rank_value,
    h.value_at_risk AS amount,
    'zero_usage' AS reason_code
FROM features_zero_usage AS z
JOIN features_high_value AS h ON h.customer_id = z.customer_id AND h.is_high_value
