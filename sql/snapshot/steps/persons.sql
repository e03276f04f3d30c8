/* ---
title: {zh: 客户的姓名与电话，单独存放, en: "Names and phone numbers of customers, kept apart"}
owner: retention
inputs: [typed]
--- */
SELECT customer_id, name, phone
FROM typed
WHERE _rule IS NULL
