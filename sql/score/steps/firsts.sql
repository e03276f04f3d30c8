/* ---
title: {zh: 分段的起点, en: "The services with which a new slice of the base begins: every so many by id"}
owner: retention
--- */
SELECT service_id
FROM (
    SELECT
        service_id,
        ROW_NUMBER() OVER (ORDER BY service_id) AS place
    FROM features_service
) AS s
WHERE place % :slice_rows = 0
ORDER BY service_id
