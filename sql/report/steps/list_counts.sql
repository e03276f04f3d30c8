/* ---
title: {zh: 清单客户数, en: Candidates and orders of each list}
owner: retention
--- */
SELECT
    list,
    candidate_count,
    treated_count
FROM dispatch_list
WHERE status IN ('released', 'caveat')
ORDER BY priority, list
