/* ---
title: {zh: 活动后续保有, en: "Activities of the month before: how many of guests, invited and hold-out stayed"}
owner: retention
key: [activity_id]
tolerates: [m2.dispatch_order, "m2.*"]
--- */
-- Who came chose to come: only the invited against the hold-out of the same branch and month tells what it did.
WITH staying AS (
    SELECT DISTINCT s.customer_id
    FROM features_service AS s
    JOIN features_revenue AS r ON r.customer_id = s.customer_id
    WHERE s.is_in_net AND r.revenue > 0
),
attended AS (
    SELECT
        g.activity_id,
        COUNT(*) AS attended_count,
        COUNT(*) FILTER (WHERE s.customer_id IS NOT NULL) AS attended_kept_count
    FROM m1.snapshot_activity_guest AS g
    LEFT JOIN staying AS s ON s.customer_id = g.customer_id
    WHERE g.has_attended
    GROUP BY g.activity_id
),
ordered AS (
    SELECT
        a.activity_id,
        COUNT(*) FILTER (WHERE o.arm = 'treated') AS treated_count,
        COUNT(*) FILTER (WHERE o.arm = 'treated' AND s.customer_id IS NOT NULL) AS treated_kept_count,
        COUNT(*) FILTER (WHERE o.arm = 'holdout') AS holdout_count,
        COUNT(*) FILTER (WHERE o.arm = 'holdout' AND s.customer_id IS NOT NULL) AS holdout_kept_count
    FROM m1.report_activity AS a
    JOIN m2.dispatch_order AS o
        ON o.list = 'activity_invite' AND (a.branch_id IS NULL OR o.branch_id = a.branch_id)
    LEFT JOIN staying AS s ON s.customer_id = o.customer_id
    GROUP BY a.activity_id
)
SELECT
    a.activity_id,
    a.name,
    a.branch_id,
    a.held_on,
    CAST(COALESCE(t.attended_count, 0) AS INTEGER) AS attended_count,
    CAST(COALESCE(t.attended_kept_count, 0) AS INTEGER) AS attended_kept_count,
    CAST(COALESCE(o.treated_count, 0) AS INTEGER) AS treated_count,
    CAST(COALESCE(o.treated_kept_count, 0) AS INTEGER) AS treated_kept_count,
    CAST(COALESCE(o.holdout_count, 0) AS INTEGER) AS holdout_count,
    CAST(COALESCE(o.holdout_kept_count, 0) AS INTEGER) AS holdout_kept_count
FROM m1.report_activity AS a
LEFT JOIN attended AS t ON t.activity_id = a.activity_id
LEFT JOIN ordered AS o ON o.activity_id = a.activity_id
