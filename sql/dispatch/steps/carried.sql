/* ---
title: {zh: 逾期未结的往月派单, en: "Orders of the two months before that are past their day and not closed"}
inputs: [decision, list_fact]
--- */
-- Of an older month no answer is taken any more. What has been shown to be done is done (that a customer is still there
-- is nobody's doing); an activity that was held, and points that expired, can be offered to nobody. Whoever may not be
-- called now is not; a later order of the same list takes an old one's place. An order stays with whom it was given to as
-- long as that one works and owns the customer: the branch has it otherwise.
WITH ordered AS (
    SELECT order_id, proof FROM feedback_order
    UNION ALL
    SELECT order_id, proof FROM m1.feedback_order
),
given AS (
    SELECT
        order_id, month, list, customer_id, service_id, branch_id, manager_id, rank, rank_value, amount, reason_codes,
        also_on, due_on, arm, purpose, dispatched_on, evidence
    FROM m1.dispatch_order
    WHERE arm = 'treated'
    UNION ALL
    SELECT
        order_id, month, list, customer_id, service_id, branch_id, manager_id, rank, rank_value, amount, reason_codes,
        also_on, due_on, arm, purpose, dispatched_on, evidence
    FROM m2.dispatch_order
    WHERE arm = 'treated'
),
done AS (
    SELECT order_id FROM feedback_outcome WHERE is_verified AND proof NOT IN ('kept', 'line')
    UNION
    SELECT order_id FROM m1.feedback_outcome WHERE is_verified AND proof NOT IN ('kept', 'line')
),
later AS (
    SELECT list, customer_id, CAST(:month AS VARCHAR) AS month
    FROM decision
    WHERE arm = 'treated'
    UNION ALL
    SELECT list, customer_id, order_month AS month
    FROM feedback_order
    WHERE arm = 'treated'
),
promised AS (  -- of instalments the last: an order with one to come is not past its day
    SELECT order_id, MAX(promised_on) AS promised_on
    FROM extract_promise
    GROUP BY order_id
),
latest AS (
    SELECT list, customer_id, MAX(month) AS month
    FROM later
    GROUP BY list, customer_id
)
SELECT
    g.order_id,
    g.month,
    g.list,
    g.customer_id,
    g.service_id,
    COALESCE(o.branch_id, g.branch_id) AS branch_id,
    m.manager_id,
    g.rank,
    g.rank_value,
    g.amount,
    g.reason_codes,
    g.also_on,
    g.due_on,
    g.arm,
    g.purpose,
    g.dispatched_on,
    g.evidence,
    a.outcome,
    p.promised_on
FROM given AS g
JOIN list_fact AS f ON f.list = g.list
JOIN ordered AS w ON w.order_id = g.order_id AND w.proof NOT IN ('attended', 'points')
LEFT JOIN done AS v ON v.order_id = g.order_id
LEFT JOIN extract_outcome AS a ON a.order_id = g.order_id
LEFT JOIN promised AS p ON p.order_id = g.order_id
LEFT JOIN latest AS l ON l.list = g.list AND l.customer_id = g.customer_id AND l.month > g.month
LEFT JOIN features_owner AS o ON o.customer_id = g.customer_id
LEFT JOIN features_manager AS m
    ON m.manager_id = g.manager_id AND COALESCE(o.manager_id, g.manager_id) = g.manager_id
LEFT JOIN features_consent AS c ON c.customer_id = g.customer_id
LEFT JOIN features_complaint AS k ON k.customer_id = g.customer_id AND f.stops_on_complaint
WHERE v.order_id IS NULL
    AND l.list IS NULL
    AND k.customer_id IS NULL
    AND NOT COALESCE(a.is_closed, FALSE)
    AND COALESCE(p.promised_on, g.due_on) < CAST(:dispatch_on AS DATE)
    AND NOT COALESCE(c.is_do_not_contact, FALSE)
    AND NOT COALESCE(c.is_wrong_number, FALSE)
    AND NOT (f.is_scored AND COALESCE(c.is_opted_out, FALSE))
