/* ---
title: {zh: 名单状态与数量, en: "Each list's state and counts"}
inputs: [list_state, decision]
--- */
SELECT
    s.list,
    s.priority,
    s.status,
    s.reason,
    COUNT(d.customer_id) AS candidate_count,
    COUNT(*) FILTER (WHERE d.arm = 'treated') AS treated_count,
    COUNT(*) FILTER (WHERE d.arm = 'holdout') AS holdout_count,
    COUNT(*) FILTER (WHERE d.why_not IS NOT NULL) AS left_out_count
FROM list_state AS s
LEFT JOIN decision AS d ON d.list = s.list
GROUP BY s.list, s.priority, s.status, s.reason
