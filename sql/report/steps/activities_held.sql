/* ---
title: {zh: 本月活动, en: "Activities of the month; branches hold some of one name, so the branch stands beside it"}
owner: retention
inputs: [scope_name]
--- */
SELECT
    a.activity_id,
    CONCAT_WS(' · ', a.name, COALESCE(o.name, a.branch_id)) AS scope_name,
    a.cost_amount,
    a.invited_count,
    a.attended_count,
    a.answer_count,
    a.satisfied_count
FROM report_activity AS a
LEFT JOIN scope_name AS o ON o.scope_kind = 'branch' AND o.scope_id = a.branch_id
ORDER BY a.activity_id
