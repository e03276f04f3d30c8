/* ---
title: {zh: 待定到期日, en: The lists of the orders with the days that they were listed for}
inputs: [ordered]
--- */
SELECT DISTINCT list, listed_due_on
FROM ordered
