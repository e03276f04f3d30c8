/* ---
title: {zh: 账单突增, en: How the bill jumps when a promotion ends}
owner: retention
key: [service_id]
needs: [service.promotion_end_on, service.promotion_discount_amount, service.plan_fee]
model:
  shock_rate: {reason: promotion}
  shock_day_count: {reason: promotion}
--- */
-- Of the plan's fee the part that was, or will be, added; and the days since, up to three months back and two ahead.
WITH shock AS (
    SELECT
        k.service_id,
        CAST(k.promotion_discount_amount AS DOUBLE) / NULLIF(CAST(k.plan_fee AS DOUBLE), 0) AS rate,
        DATE_DIFF('day', k.promotion_end_on, CAST(:last_day AS DATE)) AS day_count
    FROM snapshot_service AS k
    WHERE k.promotion_discount_amount > 0
)
SELECT
    s.service_id,
    CASE WHEN x.day_count BETWEEN -60 AND 92 THEN x.rate ELSE 0 END AS shock_rate,
    CASE WHEN x.day_count BETWEEN -60 AND 92 THEN x.day_count END AS shock_day_count
FROM features_service AS s
LEFT JOIN shock AS x ON x.service_id = s.service_id
