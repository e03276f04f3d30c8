/* ---
title: {zh: 进入对照组的客户, en: Who of the hold-out is in its arm}
inputs: [eligibility, granted_order]
--- */
-- A customer of the hold-out is in its arm only where a treated one of the same turn would have got the order. Whom
-- something else would have stopped, or whom an earlier list calls anyway, is no fair comparison: in neither arm.
WITH drawn AS (
    SELECT *
    FROM eligibility
    WHERE is_drawn AND may_be_ordered
),
line AS (
    SELECT a.customer_id, a.list, p.manager_id, a.place, a.turn, 1 AS n
    FROM granted_order AS p
    JOIN eligibility AS a ON a.list = p.list AND a.customer_id = p.customer_id
    WHERE :duties_take_places OR NOT a.is_duty
    UNION ALL
    SELECT customer_id, list, manager_id, place, turn, 0 AS n
    FROM drawn
),
counted AS (
    SELECT
        customer_id,
        list,
        n,
        SUM(n) OVER (PARTITION BY manager_id ORDER BY place, turn) AS before,
        SUM(n) OVER (PARTITION BY manager_id) AS used,
        SUM(n) OVER (PARTITION BY manager_id, place)
        - SUM(n) OVER (PARTITION BY manager_id, place ORDER BY turn) AS behind
    FROM line
)
SELECT d.list, d.customer_id
FROM drawn AS d
JOIN counted AS t ON t.list = d.list AND t.customer_id = d.customer_id AND t.n = 0
LEFT JOIN features_manager AS m ON m.manager_id = d.manager_id
LEFT JOIN granted_order AS q ON q.customer_id = d.customer_id AND q.place < d.place
WHERE
    q.customer_id IS NULL
    AND (
        d.assign = 'branch'
        OR (
            d.can_work
            AND CASE
                WHEN :by_value THEN t.used < m.capacity OR t.behind > 0
                ELSE t.before < m.capacity
            END
        )
    )
QUALIFY ROW_NUMBER() OVER (PARTITION BY d.customer_id ORDER BY d.place) = 1
