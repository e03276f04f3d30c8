/* ---
title: {zh: 投诉周报中的各周, en: "The weeks that the bulletin of complaints prints, of company and branches"}
owner: retention
inputs: [scope_name]
--- */
SELECT
    w.scope_kind,
    w.scope_id,
    n.name AS scope_name,
    CAST(w.week_begins_on AS VARCHAR) AS week,
    w.complaint_count,
    w.expected,
    w.upper_limit,
    w.signal
FROM report_complaint_week AS w
LEFT JOIN scope_name AS n ON n.scope_kind = w.scope_kind AND n.scope_id = w.scope_id
WHERE w.scope_kind IN ('company', 'branch')
ORDER BY w.week_begins_on, w.scope_kind DESC, w.scope_id
