/* ---
title: {zh: 客户出账收入, en: Revenue by the customer who is billed}
owner: retention
key: [customer_id]
tolerates: [bill.adjustment_amount]  # counts as 0; what is made of it carries the caveat
--- */
SELECT
    b.customer_id,
    CAST(SUM(b.billed_amount + COALESCE(b.adjustment_amount, 0)) AS DECIMAL(18, 2)) AS revenue
FROM snapshot_bill AS b
JOIN features_service AS s ON s.service_id = b.service_id
GROUP BY b.customer_id
