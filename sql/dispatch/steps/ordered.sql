/* ---
title: {zh: 待编号的派单, en: The decisions that are orders}
inputs: [decision]
--- */
SELECT list, customer_id, listed_due_on
FROM decision
WHERE arm IS NOT NULL
