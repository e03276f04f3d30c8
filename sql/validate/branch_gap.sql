/* ---
title: {zh: 支局缺账与缺量, en: "Active services of each branch that had a bill, or use, a month ago and have none now"}
owner: data
key: [branch_id]
tolerates: [usage, m1.snapshot_usage]  # without them nothing counts as used
--- */
-- Branch by branch: a missing one hides in the total of a large operator.
WITH owner AS (
    SELECT customer_id, branch_id
    FROM (
        SELECT customer_id, branch_id,
            ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY valid_from DESC, branch_id) AS choice
        FROM snapshot_ownership
        WHERE valid_from <= :last_day
    ) AS dated
    WHERE choice = 1
),
billed AS (SELECT DISTINCT service_id FROM snapshot_bill),
billed_before AS (SELECT DISTINCT service_id FROM m1.snapshot_bill),
used AS (SELECT service_id FROM snapshot_usage WHERE voice_calls > 0 OR sms_count > 0 OR data_mb > 0),
used_before AS (SELECT service_id FROM m1.snapshot_usage WHERE voice_calls > 0 OR sms_count > 0 OR data_mb > 0)
SELECT
    o.branch_id,
    COUNT(bb.service_id) AS billed_before,
    COUNT(CASE WHEN b.service_id IS NULL THEN bb.service_id END) AS unbilled,
    COUNT(ub.service_id) AS used_before,
    COUNT(CASE WHEN u.service_id IS NULL THEN ub.service_id END) AS silent
FROM snapshot_service AS s
JOIN owner AS o ON o.customer_id = s.customer_id
LEFT JOIN billed AS b ON b.service_id = s.service_id
LEFT JOIN billed_before AS bb ON bb.service_id = s.service_id
LEFT JOIN used AS u ON u.service_id = s.service_id
LEFT JOIN used_before AS ub ON ub.service_id = s.service_id
WHERE s.status = 'active'
GROUP BY o.branch_id
