/* ---
title: {zh: 即将到期的合约与优惠, en: "Lines in the network whose contract or promotion ends around the next two dispatch days"}
owner: retention
key: [service_id]
needs_one_of: [service.contract_end_on, service.promotion_end_on]
tolerates:
  - service.contract_end_on
  - service.promotion_end_on
  - service.promotion_discount_amount
  - prior.dispatch_ending
--- */
WITH window_end AS (  -- an end that stood on an order of renewals before, of either arm, is not listed again
    SELECT
        s.service_id,
        s.customer_id,
        s.service_type,
        CASE WHEN listed_contract.service_id IS NULL THEN k.contract_end_on END AS contract_end_on,
        CASE WHEN listed_promotion.service_id IS NULL THEN k.promotion_end_on END AS promotion_end_on,
        k.promotion_discount_amount,
        CAST(CAST(:next_dispatch_on AS DATE) + INTERVAL 14 DAY AS DATE) AS last_on
    FROM features_service AS s
    JOIN snapshot_service AS k ON k.service_id = s.service_id
    LEFT JOIN prior.dispatch_ending AS listed_contract
        ON listed_contract.service_id = s.service_id
        AND listed_contract.kind = 'contract'
        AND listed_contract.end_on = k.contract_end_on
    LEFT JOIN prior.dispatch_ending AS listed_promotion
        ON listed_promotion.service_id = s.service_id
        AND listed_promotion.kind = 'promotion'
        AND listed_promotion.end_on = k.promotion_end_on
    WHERE s.is_in_net
),
ending AS (
    SELECT
        service_id,
        customer_id,
        service_type,
        CASE WHEN contract_end_on > :dispatch_on AND contract_end_on <= last_on THEN contract_end_on END
            AS contract_end_on,
        CASE WHEN promotion_end_on > :dispatch_on AND promotion_end_on <= last_on THEN promotion_end_on END
            AS promotion_end_on,
        promotion_discount_amount
    FROM window_end
)
SELECT
    service_id,
    customer_id,
    service_type,
    contract_end_on,
    promotion_end_on,
    CASE WHEN promotion_end_on IS NOT NULL THEN promotion_discount_amount END AS promotion_discount_amount,
    CASE
        WHEN promotion_end_on < contract_end_on OR contract_end_on IS NULL THEN promotion_end_on
        ELSE contract_end_on
    END AS first_end_on
FROM ending
WHERE contract_end_on IS NOT NULL OR promotion_end_on IS NOT NULL
