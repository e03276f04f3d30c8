/* ---
title: {zh: 回单中的标记与现号码, en: "What was answered of a customer, and the number they have now"}
--- */
SELECT m.customer_id, m.kind, m.phone_digest, p.phone
FROM extract_mark AS m
LEFT JOIN snapshot_person AS p ON p.customer_id = m.customer_id
ORDER BY ALL
