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
    SELECT
        service_id,
        from_plan_id,
        to_plan_id,
        ROW_NUMBER() OVER (PARTITION BY service_id ORDER BY changed_on) = 1 AS is_first,
        ROW_NUMBER() OVER (PARTITION BY service_id ORDER BY changed_on DESC) = 1 AS is_last
    FROM snapshot_plan_change
) AS change
GROUP BY service_id
