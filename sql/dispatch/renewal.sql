/* ---
title: {zh: 到期续约, en: Contracts and promotions that end next month}
purpose: marketing
priority: 60
holdout: true
due: {column: due_on}
verify: renewal
action: {zh: 到期前联系，推荐续约方案, en: Call before the end and offer a renewal}
--- */
WITH ending AS (
    SELECT
        s.customer_id,
        s.service_id,
        CASE WHEN s.service_type = 'broadband' THEN 0 ELSE 1 END AS rank_group,
        h.value_at_risk AS amount,
        'contract_end' AS reason_code,
        k.contract_end_on AS due_on
    FROM features_service AS s
    JOIN snapshot_service AS k ON k.service_id = s.service_id
    JOIN features_high_value AS h ON h.customer_id = s.customer_id
    WHERE s.is_in_net AND k.contract_end_on >= :next_first_day AND k.contract_end_on <= :next_last_day
    UNION ALL
    SELECT
        s.customer_id,
        s.service_id,
        2 AS rank_group,
        k.promotion_discount_amount AS amount,
        'promotion_end' AS reason_code,
        k.promotion_end_on AS due_on
    FROM features_service AS s
    JOIN snapshot_service AS k ON k.service_id = s.service_id
    WHERE s.is_in_net AND k.promotion_end_on >= :next_first_day AND k.promotion_end_on <= :next_last_day
)
SELECT e.customer_id, e.service_id, e.rank_group, h.value_at_risk AS rank_value, e.amount, e.reason_code, e.due_on
FROM ending AS e
JOIN features_high_value AS h ON h.customer_id = e.customer_id
