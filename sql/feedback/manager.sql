/* ---
title: {zh: 客户经理自报与核验, en: 'Claimed and verified, by manager'}
owner: retention
key: [branch_id, manager_id]
--- */
SELECT
    COALESCE(branch_id, 'unclaimed') AS branch_id,
    COALESCE(manager_id, 'unclaimed') AS manager_id,
    CAST(COUNT(*) AS INTEGER) AS order_count,
    CAST(COUNT(*) FILTER (WHERE outcome IS NOT NULL) AS INTEGER) AS answered_count,
    CAST(COUNT(*) FILTER (WHERE is_reached) AS INTEGER) AS reached_count,
    CAST(COUNT(*) FILTER (WHERE is_claimed) AS INTEGER) AS claimed_count,
    CAST(COUNT(*) FILTER (WHERE is_claimed AND is_verified) AS INTEGER) AS claimed_verified_count,
    CAST(COUNT(*) FILTER (WHERE is_claimed AND NOT is_verified) AS INTEGER) AS claimed_false_count,
    CAST(COUNT(*) FILTER (WHERE is_reached AND is_verified) AS INTEGER) AS verified_count
FROM feedback_outcome
WHERE arm = 'treated'
GROUP BY COALESCE(branch_id, 'unclaimed'), COALESCE(manager_id, 'unclaimed')
