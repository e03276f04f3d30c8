/* ---
version: 2
was: {1: {zh: 未交付离网原因时全部算作原因不明, en: "without a column of reasons all were of no known reason"}}
needs: [service.termination_reason]  # without the column nothing is known of any reason
variants:
  voluntary: {zh: 主动离网, en: "left by choice: voluntary, port-out, relocation, other"}
  involuntary: {zh: 欠费离网, en: ended for arrears}
  unknown_reason: {zh: 原因不明离网, en: reason empty or missing from the file}
--- */
WITH base AS (
    SELECT
        before.customer_id,
        CASE WHEN COALESCE(now.is_in_net, FALSE) THEN 0 ELSE 1 END AS is_lost,
        CASE
            WHEN now.termination_reason IN ('voluntary', 'port_out', 'relocation', 'other') THEN 'voluntary'
            WHEN now.termination_reason = 'arrears' THEN 'involuntary'
            ELSE 'unknown_reason'
        END AS kind
    FROM m1.features_service AS before
    LEFT JOIN features_service AS now ON now.service_id = before.service_id
    WHERE before.is_in_net
),
variant AS (
    SELECT 'voluntary' AS variant
    UNION ALL SELECT 'involuntary'
    UNION ALL SELECT 'unknown_reason'
)
SELECT
    b.customer_id,
    v.variant,
    CASE WHEN v.variant = b.kind THEN b.is_lost ELSE 0 END AS numerator,
    1 AS denominator
FROM base AS b
CROSS JOIN variant AS v
