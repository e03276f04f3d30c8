/* ---
title: {zh: 产出挂钩酬金表, en: Output-linked fees}
owner: retention
key: [manager_id, list]
--- */
-- Of the orders whose outcome this month verified: claims are shown beside it and pay nothing.
SELECT
    manager_id,
    list,
    COUNT(*) AS order_count,
    COUNT(CASE WHEN is_claimed THEN 1 END) AS claimed_count,
    COUNT(CASE WHEN is_claimed AND is_verified THEN 1 END) AS verified_count,
    CAST(COUNT(CASE WHEN is_claimed AND is_verified THEN 1 END) * :output_fee AS DECIMAL(18, 2)) AS fee_amount
FROM feedback_outcome
WHERE arm = 'treated' AND manager_id IS NOT NULL
GROUP BY manager_id, list
