/* ---
title: {zh: 低饱和, en: "Bundles hardly used in two months running, each by the plan of its month"}
owner: retention
key: [service_id]
--- */
SELECT
    now.service_id,
    now.customer_id,
    now.is_low AND COALESCE(before_use.is_low, FALSE) AS is_low_saturation
FROM features_bundle_use AS now
JOIN m1.features_service AS before ON before.service_id = now.service_id AND before.is_active
LEFT JOIN m1.features_bundle_use AS before_use ON before_use.service_id = now.service_id
