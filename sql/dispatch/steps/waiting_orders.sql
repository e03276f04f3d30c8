/* ---
title: {zh: 等待名额的派单, en: "The wanted orders that need a manager's place, their worth in fen"}
inputs: [wanted_order]
--- */
SELECT
    list,
    place,
    turn,
    customer_id,
    manager_id,
    branch_id,
    can_work,
    is_minimum,
    is_duty,
    group_customer_id,
    CAST(expected_value * 100 AS BIGINT) AS worth
FROM wanted_order
WHERE assign <> 'branch'
ORDER BY place, turn
