/* ---
title: {zh: 续约派单的核验, en: Was what ended of an order renewed}
owner: retention
key: [order_id]
needs_one_of: [service.contract_end_on, service.promotion_end_on]
tolerates:
  - service.is_excluded
  - service.contract_end_on
  - service.promotion_end_on
  - service.plan_id
  - m1.features_ending
again_of:
  m3: {zh: 三个月前续约派单的核验, en: Was what ended of an order of three months ago renewed}
--- */
-- The earliest end of an order decides, which is one of the service that it names: a promotion is renewed by a later
-- end of it or by another plan, else the contract must run longer.
WITH seen AS (
    SELECT
        o.order_id,
        e.first_end_on,
        e.contract_end_on IS DISTINCT FROM e.first_end_on AS is_about_promotion,
        COALESCE(
            s.status IN ('active', 'suspended_arrears', 'suspended_request') AND s.is_excluded IS DISTINCT FROM TRUE,
            FALSE
        ) AS is_in_net,
        COALESCE(
            s.contract_end_on > b.contract_end_on OR (b.contract_end_on IS NULL AND s.contract_end_on IS NOT NULL),
            FALSE
        ) AS has_later_contract,
        COALESCE(s.promotion_end_on > b.promotion_end_on, FALSE) AS has_later_promotion,
        COALESCE(s.plan_id <> b.plan_id, FALSE) AS has_other_plan
    FROM feedback_order AS o
    LEFT JOIN m1.features_ending AS e ON e.service_id = o.service_id
    LEFT JOIN m1.snapshot_service AS b ON b.service_id = o.service_id
    LEFT JOIN snapshot_service AS s ON s.service_id = o.service_id
    WHERE o.proof = 'renewal'
)
SELECT
    order_id,
    first_end_on,
    COALESCE(first_end_on > :last_day, FALSE) AS is_judged_later,
    CASE
        WHEN first_end_on > :last_day THEN CAST(NULL AS BOOLEAN)
        WHEN is_about_promotion THEN is_in_net AND (has_later_promotion OR has_other_plan)
        ELSE is_in_net AND has_later_contract
    END AS is_verified
FROM seen
