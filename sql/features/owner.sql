/* ---
title: {zh: 客户归属, en: "Owner of each customer at the cut-off, or the last known one"}
owner: retention
key: [customer_id]
tolerates: [prior.features_owner, ownership.valid_to, ownership.unit_id, ownership.manager_id]
--- */
WITH dated AS (
    SELECT
        customer_id,
        branch_id,
        unit_id,
        manager_id,
        valid_to IS NULL OR valid_to > :last_day AS is_current,
        ROW_NUMBER() OVER (
            PARTITION BY customer_id
            ORDER BY
                CASE WHEN valid_to IS NULL OR valid_to > :last_day THEN 0 ELSE 1 END,
                CASE WHEN valid_to <= :last_day THEN valid_to END DESC NULLS LAST,
                valid_from DESC
        ) AS choice
    FROM snapshot_ownership
    WHERE valid_from <= :last_day
)
SELECT customer_id, branch_id, unit_id, manager_id, is_current
FROM dated
WHERE choice = 1
UNION ALL
SELECT p.customer_id, p.branch_id, p.unit_id, p.manager_id, FALSE AS is_current
FROM prior.features_owner AS p
LEFT JOIN dated AS d ON d.customer_id = p.customer_id
WHERE d.customer_id IS NULL
