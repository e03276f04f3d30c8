/* ---
title: {zh: 活动合计, en: "The month's activities in all"}
owner: retention
--- */
SELECT
    COUNT(*) AS activity_count,
    COALESCE(SUM(invited_count), 0) AS invited_count,
    COALESCE(SUM(attended_count), 0) AS attended_count,
    COALESCE(SUM(cost_amount), 0) AS cost_amount
FROM report_activity
HAVING COUNT(*) > 0
