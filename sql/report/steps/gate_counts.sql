/* ---
title: {zh: 校验总数, en: What the gate has looked at and found}
owner: retention
--- */
SELECT
    (SELECT COUNT(*) FROM validate_result) AS check_count,
    (SELECT COUNT(*) FROM validate_result WHERE NOT success) AS failed_count,
    (SELECT COUNT(*) FROM validate_result WHERE NOT success AND severity = 'critical') AS critical_count,
    (SELECT COALESCE(SUM(rows_in), 0) FROM snapshot_intake) AS row_count,
    (SELECT COALESCE(SUM(quarantined), 0) FROM snapshot_intake) AS quarantined_count
