/* ---
title: {zh: 异网通话占比, en: Share of minutes to other networks}
owner: retention
key: [service_id]
tolerates: [m1.*, m1.snapshot_usage]  # the first month has a share and no change
needs: [usage.off_net_minutes]
model:
  off_net_share: {reason: off_net}
  off_net_share_change: {reason: off_net}
--- */
WITH share AS (
    SELECT
        u.service_id,
        CAST(u.off_net_minutes AS DOUBLE) / NULLIF(CAST(u.voice_minutes AS DOUBLE), 0) AS now,
        CAST(b.off_net_minutes AS DOUBLE) / NULLIF(CAST(b.voice_minutes AS DOUBLE), 0) AS before
    FROM snapshot_usage AS u
    LEFT JOIN m1.snapshot_usage AS b ON b.service_id = u.service_id
)
SELECT s.service_id, f.now AS off_net_share, f.now - f.before AS off_net_share_change
FROM features_service AS s
JOIN share AS f ON f.service_id = s.service_id
