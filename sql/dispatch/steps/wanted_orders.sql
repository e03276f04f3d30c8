/* ---
title: {zh: 名额充足时每位客户的派单, en: The order each customer would get if there were room}
inputs: [eligibility]
--- */
SELECT *
FROM eligibility
WHERE may_be_ordered AND NOT is_drawn
QUALIFY ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY place) = 1
