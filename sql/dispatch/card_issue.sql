/* ---
title: {zh: 发卡, en: VIP customers without a card}
purpose: service
priority: 120
holdout: false
due: {day: 10}
verify: card
action: {zh: 制发并送达会员卡, en: Issue and deliver the card}
--- */
SELECT
    c.customer_id,
    CAST(NULL AS VARCHAR) AS service_id,
    0 AS rank_group,
    h.value_at_risk AS rank_value,
    CAST(NULL AS DECIMAL(18, 2)) AS amount,
    'no_valid_card' AS reason_code
FROM features_card AS c
JOIN features_high_value AS h ON h.customer_id = c.customer_id
WHERE NOT c.has_card
