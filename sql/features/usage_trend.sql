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
WITH use AS (
    SELECT
        service_id,
        voice_minutes_0 AS voice_now,
        data_mb_0 AS data_now,
        voice_minutes_1 + COALESCE(voice_minutes_2, voice_minutes_1) + COALESCE(voice_minutes_3, voice_minutes_1)
            AS voice_before,
        data_mb_1 + COALESCE(data_mb_2, data_mb_1) + COALESCE(data_mb_3, data_mb_1) AS data_before,
        CASE WHEN is_zero_usage_0 THEN 1 ELSE 0 END
            + CASE WHEN is_zero_usage_1 THEN 1 ELSE 0 END
            + CASE WHEN is_zero_usage_2 THEN 1 ELSE 0 END AS zero_usage_month_count
    FROM features_history
    WHERE last_month = :month
)
SELECT
    service_id,
    voice_now AS voice_minutes_now,
    data_now AS data_mb_now,
    CASE WHEN voice_now > 2 * voice_before THEN 5
        ELSE CAST(voice_now * 3 AS DOUBLE) / NULLIF(CAST(voice_before AS DOUBLE), 0) - 1 END AS voice_change_rate,
    CASE WHEN data_now > 2 * data_before THEN 5
        ELSE CAST(data_now * 3 AS DOUBLE) / NULLIF(CAST(data_before AS DOUBLE), 0) - 1 END AS data_change_rate,
    zero_usage_month_count
FROM use
