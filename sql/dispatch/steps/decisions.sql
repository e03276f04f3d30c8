/* ---
title: {zh: 每条名单记录的结果, en: "Of every list and customer an arm, a why-not, or both for the held-out"}
inputs: [eligibility, granted_order, held_out]
--- */
SELECT
    a.list,
    a.customer_id,
    a.service_id,
    a.branch_id,
    COALESCE(p.manager_id, a.manager_id) AS manager_id,
    a.rank,
    a.rank_value,
    a.amount,
    a.reason_codes,
    a.purpose,
    a.listed_due_on,
    a.evidence,
    a.expected_value,
    CASE
        WHEN p.list = a.list THEN NULL
        WHEN a.is_do_not_contact THEN 'do_not_contact'
        WHEN a.is_wrong_number THEN 'wrong_number'
        WHEN a.is_opted_out THEN 'opted_out'
        WHEN a.is_complaining THEN 'complaint'
        WHEN a.is_paused THEN 'harm'
        WHEN a.is_drawn THEN 'holdout'
        WHEN p.place < a.place THEN 'other_list'
        WHEN a.is_cooling THEN 'cool_down'
        WHEN NOT a.has_manager THEN 'no_manager'
        ELSE 'capacity'
    END AS why_not,
    CASE WHEN p.list = a.list THEN 'treated' WHEN h.list IS NOT NULL THEN 'holdout' END AS arm,
    p.list AS ordered_on,
    a.cooling_since,
    a.owner_id
FROM eligibility AS a
LEFT JOIN granted_order AS p ON p.customer_id = a.customer_id
LEFT JOIN held_out AS h ON h.list = a.list AND h.customer_id = a.customer_id
