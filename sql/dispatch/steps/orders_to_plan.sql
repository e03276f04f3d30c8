/* ---
title: {zh: 待排日期的派单, en: The treated orders by desk with what their day depends on}
inputs: [decision, due_day, list_fact]
--- */
SELECT
    d.list,
    d.customer_id,
    COALESCE(d.manager_id, d.branch_id, '') AS desk,
    u.due_on,
    f.place,
    d.rank
FROM decision AS d
JOIN due_day AS u ON u.list = d.list AND u.customer_id = d.customer_id
JOIN list_fact AS f ON f.list = d.list
WHERE d.arm = 'treated'
