/* ---
title: {zh: 上月各清单的回单, en: What came of last month's orders by list}
owner: retention
--- */
SELECT
    list,
    CAST(COUNT(*) AS INTEGER) AS sent_count,
    CAST(COUNT(outcome) AS INTEGER) AS answered_count,
    CAST(SUM(CASE WHEN is_reached THEN 1 ELSE 0 END) AS INTEGER) AS reached_count,
    CAST(SUM(CASE WHEN is_verified THEN 1 ELSE 0 END) AS INTEGER) AS verified_count
FROM feedback_outcome
WHERE arm = 'treated'
GROUP BY list
ORDER BY list
