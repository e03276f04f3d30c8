/* ---
title: {zh: 名单客户的派单条件, en: A row a list and customer with every fact that decides}
inputs: [candidate, list_fact, recent_order]
--- */
-- What is at risk: of a debt what is owed, once; of all else what is paid a month, over the horizon. Lists that hold
-- somebody out are about leaving, so each line of the customer is at risk by its own score; the others are about
-- something the score does not know. A group is worth what its members are: that is the listed amount. A measured
-- effect, where there is a model of it, is probability and persuadability in one; a group is not measured by a line of
-- its own, nor who opted out of scores. A contract that is renewed binds for the months to come: what leaves in the
-- first of them pays in none of the others, hence the sum of 1 to the horizon.
-- Each table is cut down to who is listed before it is joined: the join holds all of them at once.
WITH listed AS (
    SELECT DISTINCT customer_id
    FROM candidate
),
score AS (
    SELECT
        s.customer_id,
        MAX(s.p_voluntary) AS p_voluntary,
        SUM(CAST(ROUND(s.p_voluntary * t.revenue_mean_3 * 1000000) / 1000000 AS DECIMAL(18, 6))) AS monthly_loss
    FROM score_churn AS s
    LEFT JOIN features_trailing_mean AS t ON t.service_id = s.service_id
    WHERE s.customer_id IN (SELECT customer_id FROM listed)
    GROUP BY s.customer_id
),
-- What a contract is worth by the scores themselves: by how much a line that is free is likelier to leave.
contract_gap AS (
    SELECT
        COALESCE(
            AVG(s.p_voluntary) FILTER (WHERE COALESCE(k.days_to_contract_end, 0) <= 60)
            - AVG(s.p_voluntary) FILTER (WHERE k.days_to_contract_end > 60),
            0
        ) AS monthly_gap
    FROM score_churn AS s
    LEFT JOIN features_contract AS k ON k.service_id = s.service_id
),
owner AS (
    SELECT customer_id, branch_id, manager_id
    FROM features_owner
    WHERE customer_id IN (SELECT customer_id FROM listed)
),
consent AS (
    SELECT customer_id, is_do_not_contact, is_wrong_number, is_opted_out
    FROM features_consent
    WHERE customer_id IN (SELECT customer_id FROM listed)
),
holdout AS (
    SELECT customer_id, is_drawn
    FROM dispatch_holdout
    WHERE customer_id IN (SELECT customer_id FROM listed)
),
high_value AS (
    SELECT customer_id, value_at_risk
    FROM features_high_value
    WHERE customer_id IN (SELECT customer_id FROM listed)
),
customer AS (
    SELECT customer_id, customer_type, group_customer_id
    FROM snapshot_customer
    WHERE customer_id IN (SELECT customer_id FROM listed)
),
-- A contract binds, for each of the customer's lines that has one to renew; a promotion that goes on binds nobody.
bindable AS (
    -- In whole fen: a sum of doubles would depend on the order of the rows.
    SELECT e.customer_id, SUM(CAST(ROUND(t.revenue_mean_3 * 100) AS BIGINT)) AS monthly_fen
    FROM features_ending AS e
    JOIN features_trailing_mean AS t ON t.service_id = e.service_id
    WHERE e.contract_end_on IS NOT NULL AND e.customer_id IN (SELECT customer_id FROM listed)
    GROUP BY e.customer_id
),
uplift AS (
    SELECT customer_id, uplift
    FROM score_uplift
    WHERE customer_id IN (SELECT customer_id FROM listed)
),
manned_branch AS (
    SELECT DISTINCT branch_id
    FROM features_manager
),
fact AS (
    SELECT
        l.*,
        f.place,
        f.assign,
        f.purpose,
        f.is_minimum,
        NOT f.is_held_out AS is_duty,
        o.branch_id,
        o.manager_id AS owner_id,
        CASE WHEN f.assign = 'branch' THEN NULL ELSE o.manager_id END AS manager_id,
        m.manager_id IS NOT NULL AS can_work,
        f.assign = 'branch' OR m.manager_id IS NOT NULL OR (f.assign = 'allocate' AND b.branch_id IS NOT NULL)
            AS has_manager,
        COALESCE(c.is_do_not_contact, FALSE) AS is_do_not_contact,
        COALESCE(c.is_wrong_number, FALSE) AS is_wrong_number,
        f.is_scored AND COALESCE(c.is_opted_out, FALSE) AS is_opted_out,
        f.stops_on_complaint AND k.customer_id IS NOT NULL AS is_complaining,
        COALESCE(f.is_paused, FALSE) AS is_paused,
        f.is_held_out AND COALESCE(h.is_drawn, FALSE) AS is_drawn,
        f.cools_down AND r.customer_id IS NOT NULL AS is_cooling,
        r.dispatched_on AS cooling_since,
        -- Whole fen: to two places the engines do not round a double alike.
        CAST(ROUND((
            CASE
                WHEN f.purpose = 'debt' THEN CAST(COALESCE(l.amount, v.value_at_risk, 0) AS DOUBLE) * f.probability
                WHEN p.customer_type = 'group'
                    THEN CAST(COALESCE(l.amount, v.value_at_risk, 0) AS DOUBLE) * :horizon
                    * CASE WHEN f.is_held_out THEN COALESCE(s.p_voluntary, f.probability) ELSE f.probability END
                WHEN COALESCE(c.is_opted_out, FALSE) OR NOT f.is_held_out OR s.p_voluntary IS NULL AND u.uplift IS NULL
                    THEN CAST(COALESCE(v.value_at_risk, l.amount, 0) AS DOUBLE) * :horizon * f.probability
                WHEN u.uplift IS NOT NULL
                    THEN CAST(COALESCE(v.value_at_risk, l.amount, 0) AS DOUBLE) * :horizon * u.uplift
                WHEN s.monthly_loss IS NOT NULL THEN CAST(s.monthly_loss AS DOUBLE) * :horizon
                ELSE CAST(COALESCE(v.value_at_risk, l.amount, 0) AS DOUBLE) * :horizon * s.p_voluntary
            END
            * CASE
                WHEN f.is_held_out AND u.uplift IS NOT NULL AND NOT COALESCE(c.is_opted_out, FALSE) THEN 1
                WHEN f.is_held_out THEN COALESCE(e.planned_persuadability, w.planned_persuadability, f.persuadability)
                ELSE f.persuadability
            END
            + CAST(COALESCE(n.monthly_fen, 0) AS DOUBLE) / 100
                * f.renewal * GREATEST(d.monthly_gap, 0) * :horizon * (:horizon + 1) / 2
            - CAST(:cost AS DOUBLE)
        ) * 100) / 100 AS DECIMAL(18, 2)) AS expected_value,
        p.group_customer_id
    FROM candidate AS l
    JOIN list_fact AS f ON f.list = l.list
    LEFT JOIN owner AS o ON o.customer_id = l.customer_id
    LEFT JOIN features_manager AS m ON m.manager_id = o.manager_id
    LEFT JOIN manned_branch AS b ON b.branch_id = o.branch_id
    LEFT JOIN consent AS c ON c.customer_id = l.customer_id
    LEFT JOIN features_complaint AS k ON k.customer_id = l.customer_id
    LEFT JOIN holdout AS h ON h.customer_id = l.customer_id
    LEFT JOIN recent_order AS r ON r.customer_id = l.customer_id AND r.purpose = f.purpose
    LEFT JOIN high_value AS v ON v.customer_id = l.customer_id
    LEFT JOIN customer AS p ON p.customer_id = l.customer_id
    LEFT JOIN score AS s ON s.customer_id = l.customer_id
    LEFT JOIN bindable AS n ON n.customer_id = l.customer_id
    CROSS JOIN contract_gap AS d
    LEFT JOIN dispatch_segment AS g ON g.customer_id = l.customer_id
    LEFT JOIN feedback_persuasion AS e ON e.list = l.list AND e.segment = g.segment
    LEFT JOIN feedback_persuasion AS w ON w.list = l.list AND w.segment = 'all'
    LEFT JOIN uplift AS u
        ON u.customer_id = l.customer_id AND p.customer_type IS DISTINCT FROM 'group'
)
SELECT
    *,
    has_manager
    AND NOT (is_do_not_contact OR is_wrong_number OR is_opted_out OR is_complaining OR is_paused OR is_cooling)
        AS may_be_ordered,
    -- By value a list is worked from what is worth most; one that is a duty keeps its ranks.
    ROW_NUMBER() OVER (
        PARTITION BY list
        ORDER BY CASE WHEN :by_value AND NOT is_minimum THEN expected_value END DESC NULLS LAST, rank, customer_id
    ) AS turn
FROM fact
