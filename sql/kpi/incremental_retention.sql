/* ---
title: {zh: 净增保有率, en: Incremental retention}
owner: retention
version: 2
lag: 1
unit: ratio
better: higher
target: 0
default: overall
value: given
interval: given
scopes: own
shown_in: {execution: 4}
variants:
  overall: {zh: 全部设对照组的清单, en: all lists that hold somebody out}
variants_of: holdout  # one more for each list that holds somebody out, under its name and title
--- */
SELECT
    CAST(NULL AS VARCHAR) AS customer_id,
    'company' AS scope_kind,
    'company' AS scope_id,
    list AS variant,
    effect AS numerator,
    effect_low AS interval_low,
    effect_high AS interval_high
FROM feedback_effect
WHERE effect IS NOT NULL
