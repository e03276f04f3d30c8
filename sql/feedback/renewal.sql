/* ---
title: {zh: 续约派单的核验, en: Was the contract of an order renewed}
owner: retention
key: [order_id]
tolerates: [service.is_excluded]
--- */
SELECT
    o.order_id,
    COALESCE(
        s.status IN ('active', 'suspended_arrears', 'suspended_request')
        AND s.is_excluded IS DISTINCT FROM TRUE
        AND (s.contract_end_on > b.contract_end_on OR (b.contract_end_on IS NULL AND s.contract_end_on IS NOT NULL)),
        FALSE
    ) AS is_verified
FROM feedback_order AS o
LEFT JOIN m1.snapshot_service AS b ON b.service_id = o.service_id
LEFT JOIN snapshot_service AS s ON s.service_id = o.service_id
WHERE o.proof = 'renewal'
