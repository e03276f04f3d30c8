/* ---
title: {zh: 两个月前的评分, en: The chances given two months ago}
owner: retention
--- */
SELECT
    service_id,
    p_voluntary,
    p_involuntary
FROM m2.score_churn
ORDER BY service_id
