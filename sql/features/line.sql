/* ---
title: {zh: 线路, en: "Lines: a service under all the numbers it has had, and how it was lost"}
owner: retention
key: [service_id]
tolerates: [prior.features_line, base.features_line, service.replaces_service_id, service.termination_reason]
--- */
WITH renumbered AS (
    SELECT
        k.service_id,
        k.replaces_service_id,
        -- A number may change twice within the month; what was known of it before goes first.
        COALESCE(
            before.line_id, first_before.line_id, k1.replaces_service_id, k.replaces_service_id
        ) AS line_id
    FROM snapshot_service AS k
    LEFT JOIN prior.features_line AS before ON before.service_id = k.replaces_service_id
    LEFT JOIN snapshot_service AS k1 ON k1.service_id = k.replaces_service_id
    LEFT JOIN prior.features_line AS first_before ON first_before.service_id = k1.replaces_service_id
    WHERE k.replaces_service_id IS NOT NULL
),
replaced AS (
    SELECT replaces_service_id AS service_id
    FROM renumbered
    GROUP BY replaces_service_id
)
SELECT
    s.service_id,
    s.customer_id,
    COALESCE(own.line_id, n.line_id, s.service_id) AS line_id,
    s.is_in_net,
    CASE
        WHEN s.is_in_net THEN CAST(NULL AS VARCHAR)
        WHEN own.loss = 'replaced' OR r.service_id IS NOT NULL THEN 'replaced'
        WHEN s.termination_reason IN ('voluntary', 'port_out', 'relocation', 'other') THEN 'voluntary'
        WHEN s.termination_reason = 'arrears' THEN 'involuntary'
        ELSE 'unknown'
    END AS loss
FROM features_service AS s
LEFT JOIN renumbered AS n ON n.service_id = s.service_id
LEFT JOIN replaced AS r ON r.service_id = s.service_id
LEFT JOIN prior.features_line AS own ON own.service_id = s.service_id
UNION ALL
-- Lines of the base month that are in the file no more: how they were lost was said in the month they ended.
SELECT
    p.service_id,
    p.customer_id,
    p.line_id,
    FALSE AS is_in_net,
    CASE WHEN r.service_id IS NOT NULL THEN 'replaced' ELSE COALESCE(p.loss, 'unknown') END AS loss
FROM prior.features_line AS p
LEFT JOIN replaced AS r ON r.service_id = p.service_id
LEFT JOIN features_service AS s ON s.service_id = p.service_id
WHERE s.service_id IS NULL AND p.line_id IN (SELECT line_id FROM base.features_line)
