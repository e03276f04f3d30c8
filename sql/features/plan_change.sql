/* ---
title: {zh: 本月套餐变更, en: First plan left and last plan taken in the month}
owner: retention
key: [service_id]
--- */
SELECT
    service_id,
    MAX(from_plan_id) FILTER (WHERE is_first) AS first_from_plan_id,
    MAX(to_plan_id) FILTER (WHERE is_last) AS last_to_plan_id
FROM (
    -- A line that is excluded in this month is nowhere in it, whatever it is when the next month looks back.
    SELECT
        p.service_id,
        p.from_plan_id,
        p.to_plan_id,
        ROW_NUMBER() OVER (PARTITION BY p.service_id ORDER BY p.changed_on) = 1 AS is_first,
        ROW_NUMBER() OVER (PARTITION BY p.service_id ORDER BY p.changed_on DESC) = 1 AS is_last
    FROM snapshot_plan_change AS p
    JOIN features_service AS s ON s.service_id = p.service_id
) AS change
GROUP BY service_id
