/* ---
title: {zh: 名单放行状态, en: Whether the gate releases a list}
--- */
SELECT status, reason
FROM validate_release
WHERE kind = 'list' AND output = :name
