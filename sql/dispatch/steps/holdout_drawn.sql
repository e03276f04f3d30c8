/* ---
title: {zh: 本月对照组, en: "The hold-out as it stands: who was in it, and of the new the lowest hashes of each stratum"}
inputs: [newcomer, stratum]
--- */
SELECT customer_id, stratum, is_drawn, drawn_in
FROM prior.dispatch_holdout
UNION ALL
SELECT
    n.customer_id,
    n.stratum,
    ROW_NUMBER() OVER (PARTITION BY n.stratum ORDER BY n.draw) <= s.lacking_count AS is_drawn,
    CAST(:month AS VARCHAR) AS drawn_in
FROM newcomer AS n
JOIN stratum AS s ON s.stratum = n.stratum
