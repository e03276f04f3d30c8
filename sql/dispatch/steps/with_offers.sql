/* ---
title: {zh: 附带优惠的派单条件, en: "The facts that decide, with the offer that an order is worth most by"}
inputs: [eligibility]
--- */
-- What an order does without an offer is its worth before the contact is paid. An offer adds its lift to that, and costs
-- its months. The one by which the order is worth most is made; of equals the cheapest; none that adds less than it costs.
WITH tier AS (
    SELECT
        customer_id,
        CASE vip_tier WHEN 'diamond' THEN 3 WHEN 'gold' THEN 2 WHEN 'silver' THEN 1 ELSE 0 END AS tier_rank
    FROM snapshot_customer
),
offer AS (
    SELECT
        offer_id,
        list,
        name,
        monthly_cost,
        months,
        CAST(monthly_cost * months AS DECIMAL(18, 2)) AS cost_amount,
        CAST(COALESCE(lift, 1) AS DOUBLE) AS lift,
        lowest_value,
        service_type,
        contract_state,
        CASE lowest_tier WHEN 'diamond' THEN 3 WHEN 'gold' THEN 2 WHEN 'silver' THEN 1 ELSE 0 END AS tier_rank
    FROM snapshot_offer
),
fitting AS (
    SELECT
        e.list,
        e.customer_id,
        o.offer_id,
        o.name,
        o.monthly_cost,
        o.months,
        o.cost_amount,
        e.expected_value,
        CAST(ROUND((
            (CAST(e.expected_value AS DOUBLE) + CAST(:cost AS DOUBLE)) * (1 + o.lift)
            - CAST(:cost AS DOUBLE) - CAST(o.cost_amount AS DOUBLE)
        ) * 100) / 100 AS DECIMAL(18, 2)) AS value_with_offer
    FROM eligibility AS e
    JOIN offer AS o ON o.list = e.list
    LEFT JOIN features_high_value AS v ON v.customer_id = e.customer_id
    LEFT JOIN tier AS t ON t.customer_id = e.customer_id
    LEFT JOIN features_service AS s ON s.service_id = e.service_id
    LEFT JOIN features_contract AS k ON k.service_id = e.service_id
    WHERE (o.lowest_value IS NULL OR v.value_at_risk >= o.lowest_value)
        AND (o.tier_rank = 0 OR t.tier_rank >= o.tier_rank)
        AND (o.service_type IS NULL OR s.service_type = o.service_type)
        AND (
            o.contract_state IS NULL
            OR o.contract_state = CASE WHEN COALESCE(k.days_to_contract_end, 0) > 60 THEN 'bound' ELSE 'free' END
        )
),
chosen AS (
    SELECT
        *,
        CAST(TO_JSON({
            'offer_id': offer_id,
            'offer_name': name,
            'offer_cost': CAST(cost_amount AS VARCHAR),
            'offer_monthly_cost': CAST(monthly_cost AS VARCHAR),
            'offer_months': CAST(months AS VARCHAR)
        }) AS VARCHAR) AS said
    FROM fitting
    WHERE value_with_offer > expected_value
    QUALIFY ROW_NUMBER() OVER (
        PARTITION BY list, customer_id ORDER BY value_with_offer DESC, cost_amount, offer_id
    ) = 1
)
SELECT
    e.list,
    e.customer_id,
    e.service_id,
    e.rank_value,
    e.amount,
    e.reason_codes,
    e.listed_due_on,
    CASE
        WHEN c.offer_id IS NULL THEN e.evidence
        WHEN e.evidence IS NULL THEN c.said
        ELSE CONCAT(SUBSTRING(e.evidence, 1, LENGTH(e.evidence) - 1), ',', SUBSTRING(c.said, 2))
    END AS evidence,
    e.rank,
    e.place,
    e.assign,
    e.purpose,
    e.is_minimum,
    e.is_duty,
    e.branch_id,
    e.owner_id,
    e.manager_id,
    e.can_work,
    e.has_manager,
    e.is_do_not_contact,
    e.is_wrong_number,
    e.is_opted_out,
    e.is_complaining,
    e.is_paused,
    e.is_drawn,
    e.is_cooling,
    e.cooling_since,
    COALESCE(c.value_with_offer, e.expected_value) AS expected_value,
    e.group_customer_id,
    e.may_be_ordered,
    c.offer_id,
    c.monthly_cost,
    c.months,
    c.cost_amount,
    e.expected_value AS value_without_offer,
    ROW_NUMBER() OVER (
        PARTITION BY e.list
        ORDER BY
            CASE WHEN :by_value AND NOT e.is_minimum THEN COALESCE(c.value_with_offer, e.expected_value) END
                DESC NULLS LAST,
            e.rank,
            e.customer_id
    ) AS turn
FROM eligibility AS e
LEFT JOIN chosen AS c ON c.list = e.list AND c.customer_id = e.customer_id
