/* ---
title: {zh: 首要流失原因, en: How often each reason stands first among the customers it was given for}
owner: retention
--- */
SELECT
    reason_1 AS reason,
    COUNT(*) AS "count"
FROM score_churn
WHERE reason_1 IS NOT NULL
GROUP BY reason_1
ORDER BY "count" DESC, reason_1
