/* ---
title: {zh: 用户出账收入, en: Revenue by service}
owner: retention
key: [service_id]
tolerates: [bill.adjustment_amount]  # counts as 0; what is made of it carries the caveat
--- */
SELECT
    b.service_id,
    CAST(SUM(b.billed_amount + COALESCE(b.adjustment_amount, 0)) AS DECIMAL(18, 2)) AS revenue
FROM snapshot_bill AS b
JOIN features_service AS s ON s.service_id = b.service_id
GROUP BY b.service_id
