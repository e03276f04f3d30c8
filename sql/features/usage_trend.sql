/* ---
title: {zh: 使用走势, en: Use of this month against the months before}
owner: retention
key: [service_id]
model:
  voice_minutes_now: {reason: low_use}
  data_mb_now: {reason: low_use}
  voice_change_rate: {reason: usage_drop}
  data_change_rate: {reason: usage_drop}
  zero_usage_month_count: {reason: zero_usage}
--- */
WITH mean AS (
    SELECT
        service_id,
        CAST(voice_minutes_0 AS DOUBLE) AS voice_minutes_now,
        CAST(data_mb_0 AS DOUBLE) AS data_mb_now,
        CAST(voice_minutes_1 + COALESCE(voice_minutes_2, voice_minutes_1) + COALESCE(voice_minutes_3, voice_minutes_1)
            AS DOUBLE) / 3 AS voice_before,
        CAST(data_mb_1 + COALESCE(data_mb_2, data_mb_1) + COALESCE(data_mb_3, data_mb_1) AS DOUBLE) / 3 AS data_before,
        CASE WHEN is_zero_usage_0 THEN 1 ELSE 0 END
            + CASE WHEN is_zero_usage_1 THEN 1 ELSE 0 END
            + CASE WHEN is_zero_usage_2 THEN 1 ELSE 0 END AS zero_usage_month_count
    FROM features_history
    WHERE last_month = :month
)
SELECT
    service_id,
    voice_minutes_now,
    data_mb_now,
    CASE WHEN voice_minutes_now > 6 * voice_before THEN 5 ELSE voice_minutes_now / NULLIF(voice_before, 0) - 1 END
        AS voice_change_rate,
    CASE WHEN data_mb_now > 6 * data_before THEN 5 ELSE data_mb_now / NULLIF(data_before, 0) - 1 END
        AS data_change_rate,
    zero_usage_month_count
FROM mean
