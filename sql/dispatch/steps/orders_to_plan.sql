/* ---
title: {zh: 待排日期的派单, en: The treated orders by desk with what their day depends on}
inputs: [decision, due_day, list_fact]
--- */
-- Whoever broke a promise that fell due this month, or put one off more than once, is asked before the others of the
-- same list and day.
WITH broken AS (
    SELECT DISTINCT customer_id
    FROM feedback_promise
    WHERE state = 'broken' OR state = 'pending' AND extension_count > 1
)
SELECT
    d.list,
    d.customer_id,
    COALESCE(d.manager_id, d.branch_id, '') AS desk,
    u.due_on,
    f.place,
    f.purpose = 'debt' AND b.customer_id IS NOT NULL AS has_broken_promise,
    d.rank
FROM decision AS d
JOIN due_day AS u ON u.list = d.list AND u.customer_id = d.customer_id
JOIN list_fact AS f ON f.list = d.list
LEFT JOIN broken AS b ON b.customer_id = d.customer_id
WHERE d.arm = 'treated'
