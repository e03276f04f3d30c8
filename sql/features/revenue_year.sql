/* ---
title: {zh: 客户当年累计收入, en: "Each customer's revenue of the year to the month"}
owner: retention
key: [customer_id]
carry: {key: customer_id, latest: []}
--- */
SELECT
    customer_id,
    CAST(
        COALESCE(revenue_0, 0)
        + CASE WHEN :month_number > 1 THEN COALESCE(revenue_1, 0) ELSE 0 END
        + CASE WHEN :month_number > 2 THEN COALESCE(revenue_2, 0) ELSE 0 END
        + CASE WHEN :month_number > 3 THEN COALESCE(revenue_3, 0) ELSE 0 END
        + CASE WHEN :month_number > 4 THEN COALESCE(revenue_4, 0) ELSE 0 END
        + CASE WHEN :month_number > 5 THEN COALESCE(revenue_5, 0) ELSE 0 END
        + CASE WHEN :month_number > 6 THEN COALESCE(revenue_6, 0) ELSE 0 END
        + CASE WHEN :month_number > 7 THEN COALESCE(revenue_7, 0) ELSE 0 END
        + CASE WHEN :month_number > 8 THEN COALESCE(revenue_8, 0) ELSE 0 END
        + CASE WHEN :month_number > 9 THEN COALESCE(revenue_9, 0) ELSE 0 END
        + CASE WHEN :month_number > 10 THEN COALESCE(revenue_10, 0) ELSE 0 END
        + CASE WHEN :month_number > 11 THEN COALESCE(revenue_11, 0) ELSE 0 END
        AS DECIMAL(18, 2)
    ) AS year_revenue
FROM features_customer_history
