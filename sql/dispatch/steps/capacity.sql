/* ---
title: {zh: 名额与影子价格, en: "Places, what they are worth, and what one more would add"}
inputs: [capacity_figure]
--- */
SELECT
    CAST(:month AS VARCHAR) AS month,
    scope_kind,
    scope_id,
    branch_id,
    capacity,
    wanted_count,
    used_count,
    left_count,
    value_amount,
    bound_amount,
    gap_rate,
    shadow_price_amount
FROM capacity_figure
