/* ---
title: {zh: 应收滚动核对, en: "Open amounts that do not roll forward, by customer"}
owner: billing
key: [customer_id]
tolerates: [bill.adjustment_amount, payment.bill_id]
--- */
-- open(m-1) + billed + adjusted - paid = open(m), to the fen, where an overpaid or a negative bill leaves nothing open.
-- Money that names no bill may have settled any of them, so only what it cannot explain is a difference. Lines that
-- are no longer listed are left out: their open bills are not delivered.
WITH opening AS (
    SELECT bill_id, service_id, customer_id, open_amount AS amount
    FROM m1.snapshot_receivable
    UNION ALL
    SELECT bill_id, service_id, customer_id, billed_amount + COALESCE(adjustment_amount, 0) AS amount
    FROM snapshot_bill
),
move AS (
    SELECT bill_id, amount FROM snapshot_adjustment
    UNION ALL
    SELECT bill_id, -amount FROM snapshot_payment WHERE bill_id IS NOT NULL
),
moved AS (SELECT bill_id, SUM(amount) AS amount FROM move GROUP BY bill_id),
closing AS (
    SELECT
        o.customer_id,
        CASE WHEN o.amount + COALESCE(v.amount, 0) > 0 THEN o.amount + COALESCE(v.amount, 0) ELSE 0 END AS expected,
        0 AS found,
        CASE WHEN o.amount + COALESCE(v.amount, 0) > 0 THEN 1 ELSE 0 END AS expected_count,
        0 AS found_count
    FROM opening AS o
    JOIN snapshot_service AS s ON s.service_id = o.service_id
    LEFT JOIN moved AS v ON v.bill_id = o.bill_id
    UNION ALL
    SELECT COALESCE(o.customer_id, r.customer_id) AS customer_id, 0 AS expected, r.open_amount AS found,
        0 AS expected_count, 1 AS found_count
    FROM snapshot_receivable AS r
    LEFT JOIN opening AS o ON o.bill_id = r.bill_id
),
customer AS (
    SELECT customer_id, SUM(expected) AS expected, SUM(found) AS found,
        SUM(expected_count) AS expected_count, SUM(found_count) AS found_count
    FROM closing
    GROUP BY customer_id
),
loose AS (
    SELECT customer_id, SUM(amount) AS amount FROM snapshot_payment WHERE bill_id IS NULL GROUP BY customer_id
)
SELECT
    c.customer_id,
    CAST(c.expected AS DECIMAL(18, 2)) AS expected,
    CAST(c.found AS DECIMAL(18, 2)) AS found,
    CAST(c.found - c.expected AS DECIMAL(18, 2)) AS difference,
    CAST(c.expected_count AS BIGINT) AS expected_count,
    CAST(c.found_count AS BIGINT) AS found_count
FROM customer AS c
LEFT JOIN loose AS l ON l.customer_id = c.customer_id
WHERE c.found > c.expected OR c.found < c.expected - COALESCE(l.amount, 0)
