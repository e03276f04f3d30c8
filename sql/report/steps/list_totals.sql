/* ---
title: {zh: 派单总数, en: "Orders of all lists, and how many lists have any"}
owner: retention
--- */
SELECT
    COALESCE(SUM(treated_count), 0) AS treated_count,
    COUNT(*) FILTER (WHERE treated_count > 0) AS list_count
FROM dispatch_list
WHERE status IN ('released', 'caveat')
