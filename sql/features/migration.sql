/* ---
title: {zh: 低迁, en: Services that could migrate down and those that did}
owner: retention
key: [service_id]
--- */
SELECT
    s.service_id,
    s.customer_id,
    COALESCE(p.last_to_plan_id <> p.first_from_plan_id, FALSE) AND COALESCE(r.revenue, 0) < before.revenue
        AS has_migrated_down
FROM features_service AS s
JOIN m2.features_service_revenue AS before ON before.service_id = s.service_id AND before.revenue > 0
LEFT JOIN m1.features_plan_change AS p ON p.service_id = s.service_id
LEFT JOIN features_service_revenue AS r ON r.service_id = s.service_id
WHERE s.customer_type = 'individual'
  AND s.service_type = 'mobile'
  AND s.is_in_net
  AND s.activated_on <= :last_day_m3
