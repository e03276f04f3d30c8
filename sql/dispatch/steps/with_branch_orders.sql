/* ---
title: {zh: 加上由分局承接的派单, en: "The orders that have a place, and those that a branch takes on without limit"}
inputs: [eligibility, manager_order]
--- */
-- A branch claims also whom no manager has room for, where a later list gives the customer to the branch.
WITH claim AS (
    SELECT a.list, a.customer_id, CAST(NULL AS VARCHAR) AS manager_id
    FROM eligibility AS a
    LEFT JOIN manager_order AS p ON p.customer_id = a.customer_id
    WHERE a.may_be_ordered AND NOT a.is_drawn AND a.assign = 'branch' AND p.customer_id IS NULL
    QUALIFY ROW_NUMBER() OVER (PARTITION BY a.customer_id ORDER BY a.place) = 1
),
granted AS (
    SELECT list, customer_id, manager_id FROM manager_order
    UNION ALL
    SELECT list, customer_id, manager_id FROM claim
)
SELECT g.list, g.customer_id, g.manager_id, a.place
FROM granted AS g
JOIN eligibility AS a ON a.list = g.list AND a.customer_id = g.customer_id
