/* ---
title: {zh: 上月的安排, en: What the month before put down for this one}
owner: retention
inputs: [scope_name]
--- */
SELECT
    p.place,
    p.kind,
    p.topic,
    p.scope_kind,
    p.scope_id,
    n.name AS scope_name,
    p.number
FROM m1.report_next AS p
LEFT JOIN scope_name AS n ON n.scope_kind = p.scope_kind AND n.scope_id = p.scope_id
ORDER BY p.place
