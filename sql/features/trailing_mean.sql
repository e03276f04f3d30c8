/* ---
title: {zh: 三、六、十二个月均值, en: "Trailing means over the held ones of 3, 6 and 12 months"}
owner: retention
key: [service_id]
--- */
SELECT
    service_id,
    CAST(revenue_sum_3 AS DOUBLE) / NULLIF(known_3, 0) AS revenue_mean_3,
    CAST(revenue_sum_6 AS DOUBLE) / NULLIF(known_6, 0) AS revenue_mean_6,
    CAST(revenue_sum_12 AS DOUBLE) / NULLIF(known_12, 0) AS revenue_mean_12,
    CAST(voice_minutes_sum_3 AS DOUBLE) / NULLIF(usage_known_3, 0) AS voice_minutes_mean_3,
    CAST(voice_minutes_sum_6 AS DOUBLE) / NULLIF(usage_known_6, 0) AS voice_minutes_mean_6,
    CAST(voice_minutes_sum_12 AS DOUBLE) / NULLIF(usage_known_12, 0) AS voice_minutes_mean_12,
    CAST(data_mb_sum_3 AS DOUBLE) / NULLIF(usage_known_3, 0) AS data_mb_mean_3,
    CAST(data_mb_sum_6 AS DOUBLE) / NULLIF(usage_known_6, 0) AS data_mb_mean_6,
    CAST(data_mb_sum_12 AS DOUBLE) / NULLIF(usage_known_12, 0) AS data_mb_mean_12
FROM features_trailing
