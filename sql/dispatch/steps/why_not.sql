/* ---
title: {zh: 未派单原因, en: "Why somebody on a list has no order; the detail is the list, day, owner or desk it is about"}
inputs: [decision]
--- */
SELECT
    CAST(:month AS VARCHAR) AS month,
    list,
    customer_id,
    why_not AS reason,
    CASE why_not
        WHEN 'other_list' THEN ordered_on
        WHEN 'cool_down' THEN CAST(cooling_since AS VARCHAR)
        WHEN 'no_manager' THEN owner_id
        WHEN 'capacity' THEN COALESCE(manager_id, branch_id)
    END AS detail
FROM decision
WHERE why_not IS NOT NULL
