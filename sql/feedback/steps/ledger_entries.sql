/* ---
title: {zh: 往来账明细, en: "The entries of a ledger, order by order"}
inputs: [ledger]
--- */
SELECT order_id, kind, entry_id, on_day, customer_id, bill_id, amount, due_on, is_named_only
FROM ledger
ORDER BY order_id, kind, entry_id
