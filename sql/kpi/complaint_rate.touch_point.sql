/* ---
version: 1
variants:
  touch_point: {zh: 按触点每万在网用户本月投诉, en: "complaints opened this month by 10 000 services, by touch point"}
scopes: own
--- */
WITH net AS (
    SELECT COUNT(*) AS service_count
    FROM features_service
    WHERE is_in_net
),
opened AS (
    SELECT COALESCE(touch_point, 'unclaimed') AS scope_id, COUNT(*) AS complaint_count
    FROM snapshot_trouble_ticket
    WHERE category = 'complaint' AND opened_on >= :first_day AND opened_on <= :last_day
    GROUP BY COALESCE(touch_point, 'unclaimed')
    UNION ALL
    SELECT 'unclaimed' AS scope_id, 0 AS complaint_count
)
SELECT
    CAST(NULL AS VARCHAR) AS customer_id,
    'touch_point' AS scope_kind,
    o.scope_id,
    SUM(o.complaint_count) * 10000 AS numerator,
    MAX(n.service_count) AS denominator
FROM opened AS o
CROSS JOIN net AS n
GROUP BY o.scope_id
