/* ---
title: {zh: 派单附带的优惠, en: "The offers that go out with orders, and what they cost if they are taken"}
inputs: [eligibility, decision]
--- */
SELECT
    d.list,
    d.customer_id,
    d.branch_id,
    e.offer_id,
    e.monthly_cost,
    CAST(e.months AS INTEGER) AS months,
    e.cost_amount,
    e.value_without_offer,
    e.expected_value
FROM decision AS d
JOIN eligibility AS e ON e.list = d.list AND e.customer_id = d.customer_id
WHERE d.arm = 'treated' AND e.offer_id IS NOT NULL
