/* ---
title: {zh: 上月活动的后续, en: "Activities of the month before, their guests and hold-out now"}
owner: retention
inputs: [scope_name]
--- */
SELECT
    a.activity_id,
    CONCAT_WS(' · ', a.name, COALESCE(o.name, a.branch_id)) AS scope_name,
    a.attended_count,
    a.attended_kept_count,
    a.treated_count,
    a.treated_kept_count,
    a.holdout_count,
    a.holdout_kept_count
FROM report_activity_follow AS a
LEFT JOIN scope_name AS o ON o.scope_kind = 'branch' AND o.scope_id = a.branch_id
ORDER BY a.activity_id
