/* ---
title: {zh: 三、六、十二个月累计, en: "Trailing sums over 3, 6 and 12 months, trends and the zero-usage streak"}
owner: retention
key: [service_id]
# A month that is not held adds nothing; known_n says for how many of the n months it is known, for means.
--- */
SELECT
    service_id,
    customer_id,
    CAST(
        COALESCE(revenue_0, 0) + COALESCE(revenue_1, 0) + COALESCE(revenue_2, 0) AS DECIMAL(18, 2)
    ) AS revenue_sum_3,
    CAST(
        COALESCE(revenue_0, 0) + COALESCE(revenue_1, 0) + COALESCE(revenue_2, 0)
        + COALESCE(revenue_3, 0) + COALESCE(revenue_4, 0) + COALESCE(revenue_5, 0) AS DECIMAL(18, 2)
    ) AS revenue_sum_6,
    CAST(
        COALESCE(revenue_0, 0) + COALESCE(revenue_1, 0) + COALESCE(revenue_2, 0)
        + COALESCE(revenue_3, 0) + COALESCE(revenue_4, 0) + COALESCE(revenue_5, 0)
        + COALESCE(revenue_6, 0) + COALESCE(revenue_7, 0) + COALESCE(revenue_8, 0)
        + COALESCE(revenue_9, 0) + COALESCE(revenue_10, 0) + COALESCE(revenue_11, 0) AS DECIMAL(18, 2)
    ) AS revenue_sum_12,
    CAST(
        COALESCE(voice_minutes_0, 0) + COALESCE(voice_minutes_1, 0) + COALESCE(voice_minutes_2, 0) AS DECIMAL(18, 6)
    ) AS voice_minutes_sum_3,
    CAST(
        COALESCE(voice_minutes_0, 0) + COALESCE(voice_minutes_1, 0) + COALESCE(voice_minutes_2, 0)
        + COALESCE(voice_minutes_3, 0) + COALESCE(voice_minutes_4, 0) + COALESCE(voice_minutes_5, 0) AS DECIMAL(18, 6)
    ) AS voice_minutes_sum_6,
    CAST(
        COALESCE(voice_minutes_0, 0) + COALESCE(voice_minutes_1, 0) + COALESCE(voice_minutes_2, 0)
        + COALESCE(voice_minutes_3, 0) + COALESCE(voice_minutes_4, 0) + COALESCE(voice_minutes_5, 0)
        + COALESCE(voice_minutes_6, 0) + COALESCE(voice_minutes_7, 0) + COALESCE(voice_minutes_8, 0)
        + COALESCE(voice_minutes_9, 0) + COALESCE(voice_minutes_10, 0)
        + COALESCE(voice_minutes_11, 0) AS DECIMAL(18, 6)
    ) AS voice_minutes_sum_12,
    CAST(
        COALESCE(data_mb_0, 0) + COALESCE(data_mb_1, 0) + COALESCE(data_mb_2, 0) AS DECIMAL(18, 6)
    ) AS data_mb_sum_3,
    CAST(
        COALESCE(data_mb_0, 0) + COALESCE(data_mb_1, 0) + COALESCE(data_mb_2, 0)
        + COALESCE(data_mb_3, 0) + COALESCE(data_mb_4, 0) + COALESCE(data_mb_5, 0) AS DECIMAL(18, 6)
    ) AS data_mb_sum_6,
    CAST(
        COALESCE(data_mb_0, 0) + COALESCE(data_mb_1, 0) + COALESCE(data_mb_2, 0)
        + COALESCE(data_mb_3, 0) + COALESCE(data_mb_4, 0) + COALESCE(data_mb_5, 0)
        + COALESCE(data_mb_6, 0) + COALESCE(data_mb_7, 0) + COALESCE(data_mb_8, 0)
        + COALESCE(data_mb_9, 0) + COALESCE(data_mb_10, 0) + COALESCE(data_mb_11, 0) AS DECIMAL(18, 6)
    ) AS data_mb_sum_12,
    CAST(
        COALESCE(past_due_amount_0, 0) + COALESCE(past_due_amount_1, 0)
        + COALESCE(past_due_amount_2, 0) AS DECIMAL(18, 2)
    ) AS past_due_amount_sum_3,
    CAST(
        COALESCE(past_due_amount_0, 0) + COALESCE(past_due_amount_1, 0)
        + COALESCE(past_due_amount_2, 0) + COALESCE(past_due_amount_3, 0)
        + COALESCE(past_due_amount_4, 0) + COALESCE(past_due_amount_5, 0) AS DECIMAL(18, 2)
    ) AS past_due_amount_sum_6,
    CAST(
        COALESCE(past_due_amount_0, 0) + COALESCE(past_due_amount_1, 0)
        + COALESCE(past_due_amount_2, 0) + COALESCE(past_due_amount_3, 0)
        + COALESCE(past_due_amount_4, 0) + COALESCE(past_due_amount_5, 0)
        + COALESCE(past_due_amount_6, 0) + COALESCE(past_due_amount_7, 0)
        + COALESCE(past_due_amount_8, 0) + COALESCE(past_due_amount_9, 0)
        + COALESCE(past_due_amount_10, 0) + COALESCE(past_due_amount_11, 0) AS DECIMAL(18, 2)
    ) AS past_due_amount_sum_12,
    CASE WHEN is_in_net_0 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_1 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_2 IS NULL THEN 0 ELSE 1 END AS known_3,
    CASE WHEN is_in_net_0 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_1 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_2 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_3 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_4 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_5 IS NULL THEN 0 ELSE 1 END AS known_6,
    CASE WHEN is_in_net_0 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_1 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_2 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_3 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_4 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_5 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_6 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_7 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_8 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_9 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_10 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN is_in_net_11 IS NULL THEN 0 ELSE 1 END AS known_12,
    CASE WHEN voice_minutes_0 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_1 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_2 IS NULL THEN 0 ELSE 1 END AS usage_known_3,
    CASE WHEN voice_minutes_0 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_1 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_2 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_3 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_4 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_5 IS NULL THEN 0 ELSE 1 END AS usage_known_6,
    CASE WHEN voice_minutes_0 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_1 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_2 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_3 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_4 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_5 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_6 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_7 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_8 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_9 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_10 IS NULL THEN 0 ELSE 1 END
    + CASE WHEN voice_minutes_11 IS NULL THEN 0 ELSE 1 END AS usage_known_12,
    (
        2.5 * CAST(revenue_0 AS DOUBLE)
        + 1.5 * CAST(revenue_1 AS DOUBLE)
        + 0.5 * CAST(revenue_2 AS DOUBLE)
        + -0.5 * CAST(revenue_3 AS DOUBLE)
        + -1.5 * CAST(revenue_4 AS DOUBLE)
        + -2.5 * CAST(revenue_5 AS DOUBLE)
    ) / 17.5 AS revenue_slope_6,
    (
        2.5 * CAST(voice_minutes_0 AS DOUBLE)
        + 1.5 * CAST(voice_minutes_1 AS DOUBLE)
        + 0.5 * CAST(voice_minutes_2 AS DOUBLE)
        + -0.5 * CAST(voice_minutes_3 AS DOUBLE)
        + -1.5 * CAST(voice_minutes_4 AS DOUBLE)
        + -2.5 * CAST(voice_minutes_5 AS DOUBLE)
    ) / 17.5 AS voice_minutes_slope_6,
    (
        2.5 * CAST(data_mb_0 AS DOUBLE)
        + 1.5 * CAST(data_mb_1 AS DOUBLE)
        + 0.5 * CAST(data_mb_2 AS DOUBLE)
        + -0.5 * CAST(data_mb_3 AS DOUBLE)
        + -1.5 * CAST(data_mb_4 AS DOUBLE)
        + -2.5 * CAST(data_mb_5 AS DOUBLE)
    ) / 17.5 AS data_mb_slope_6,
    CASE
        WHEN is_zero_usage_0 IS DISTINCT FROM TRUE THEN 0
        WHEN is_zero_usage_1 IS DISTINCT FROM TRUE THEN 1
        WHEN is_zero_usage_2 IS DISTINCT FROM TRUE THEN 2
        WHEN is_zero_usage_3 IS DISTINCT FROM TRUE THEN 3
        WHEN is_zero_usage_4 IS DISTINCT FROM TRUE THEN 4
        WHEN is_zero_usage_5 IS DISTINCT FROM TRUE THEN 5
        WHEN is_zero_usage_6 IS DISTINCT FROM TRUE THEN 6
        WHEN is_zero_usage_7 IS DISTINCT FROM TRUE THEN 7
        WHEN is_zero_usage_8 IS DISTINCT FROM TRUE THEN 8
        WHEN is_zero_usage_9 IS DISTINCT FROM TRUE THEN 9
        WHEN is_zero_usage_10 IS DISTINCT FROM TRUE THEN 10
        WHEN is_zero_usage_11 IS DISTINCT FROM TRUE THEN 11
        WHEN is_zero_usage_12 IS DISTINCT FROM TRUE THEN 12
        ELSE 13
    END AS zero_usage_streak
FROM features_history
WHERE is_in_net_0 IS NOT NULL
