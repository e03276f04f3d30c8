/* ---
title: {zh: 上年同月的数字, en: What the same month a year before printed of itself}
owner: retention
--- */
SELECT
    measure,
    topic,
    scope_kind,
    scope_id,
    number
FROM m12.report_figure
WHERE month = :year_ago
