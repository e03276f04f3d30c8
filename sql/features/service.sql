/* ---
title: {zh: 用户, en: Services at the cut-off}
owner: retention
key: [service_id]
tolerates: [service.is_excluded, service.termination_reason]  # unknown lines count; an unknown reason is its own variant
--- */
SELECT
    s.service_id,
    s.customer_id,
    c.customer_type,
    s.service_type,
    s.status,
    s.status IN ('active', 'suspended_arrears', 'suspended_request') AS is_in_net,
    s.status = 'active' AS is_active,
    s.activated_on,
    CAST(
        (EXTRACT(YEAR FROM CAST(:last_day AS DATE)) - EXTRACT(YEAR FROM s.activated_on)) * 12
        + EXTRACT(MONTH FROM CAST(:last_day AS DATE)) - EXTRACT(MONTH FROM s.activated_on) AS INTEGER
    ) AS tenure_months,
    s.termination_reason
FROM snapshot_service AS s
JOIN snapshot_customer AS c ON c.customer_id = s.customer_id
WHERE s.is_excluded IS DISTINCT FROM TRUE
