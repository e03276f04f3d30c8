/* ---
title: {zh: 出账收入, en: Billed revenue}
owner: retention
key: [customer_id]
--- */
SELECT customer_id, revenue AS weight
FROM features_revenue
