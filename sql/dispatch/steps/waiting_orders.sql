/* ---
title: {zh: 按分局等待名额的派单, en: "The orders that wait, with the branch that plans them and who speaks for whom"}
inputs: [wanted_order, proposed_manager, group_manager]
--- */
SELECT
    w.list,
    w.place,
    w.turn,
    w.customer_id,
    w.manager_id,
    w.branch_id,
    w.can_work,
    w.is_minimum,
    w.is_duty,
    w.group_customer_id,
    CAST(w.expected_value * 100 AS BIGINT) AS worth,
    CASE WHEN w.can_work THEN m.branch_id ELSE w.branch_id END AS planned_branch,
    p.manager_id AS proposed_manager_id,
    g.manager_id AS group_manager_id
FROM wanted_order AS w
LEFT JOIN features_manager AS m ON m.manager_id = w.manager_id
LEFT JOIN proposed_manager AS p ON p.customer_id = w.customer_id
LEFT JOIN group_manager AS g ON g.branch_id = w.branch_id AND g.group_customer_id = w.group_customer_id
WHERE w.assign <> 'branch' AND CASE WHEN w.can_work THEN m.branch_id ELSE w.branch_id END IS NOT NULL
