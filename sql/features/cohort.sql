/* ---
title: {zh: 拍照会员, en: Frozen cohort and its base revenue}
owner: retention
key: [customer_id]
--- */
SELECT
    h.customer_id,
    COALESCE(r.revenue, CAST(0 AS DECIMAL(18, 2))) AS base_revenue
FROM base.features_high_value AS h
LEFT JOIN base.features_revenue AS r ON r.customer_id = h.customer_id
WHERE h.is_high_value
