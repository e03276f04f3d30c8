/* ---
title: {zh: 应收滚动核对, en: "Open amounts that do not roll forward, by customer"}
owner: billing
key: [customer_id]
tolerates: [bill.adjustment_amount, payment.bill_id]
--- */
-- open(m-1) + billed + adjusted - paid = open(m), to the fen, where an overpaid or a negative bill leaves nothing open;
-- of lines that have ended too. Money that names no bill, or more than its bill takes, may have settled any of them; money
-- taken back without a bill's name may have opened any. Only what neither can explain is a difference.
WITH opening AS (
    SELECT bill_id, customer_id, open_amount AS amount
    FROM m1.snapshot_receivable
    UNION ALL
    SELECT bill_id, customer_id, billed_amount + COALESCE(adjustment_amount, 0) AS amount
    FROM snapshot_bill
),
move AS (
    SELECT bill_id, customer_id, amount, 0 AS paid_amount FROM snapshot_adjustment
    UNION ALL
    SELECT bill_id, customer_id, -amount, amount AS paid_amount FROM snapshot_payment WHERE bill_id IS NOT NULL
),
moved AS (
    SELECT bill_id, MIN(customer_id) AS customer_id, SUM(amount) AS amount, SUM(paid_amount) AS paid_amount
    FROM move
    GROUP BY bill_id
),
rolled AS (  -- a bill that was closed is open again when its money is taken back
    SELECT
        COALESCE(o.customer_id, v.customer_id) AS customer_id,
        COALESCE(o.amount, 0) + COALESCE(v.amount, 0) AS amount,
        COALESCE(v.paid_amount, 0) AS paid_amount
    FROM opening AS o
    FULL JOIN moved AS v ON v.bill_id = o.bill_id
),
closing AS (
    SELECT
        customer_id,
        CASE WHEN amount > 0 THEN amount ELSE 0 END AS expected,
        0 AS found,
        CASE WHEN amount > 0 THEN 1 ELSE 0 END AS expected_count,
        0 AS found_count,
        CASE WHEN amount < 0 AND paid_amount > 0 THEN LEAST(-amount, paid_amount) ELSE 0 END AS loose,
        0 AS taken_back
    FROM rolled
    UNION ALL
    SELECT
        COALESCE(o.customer_id, r.customer_id) AS customer_id,
        0 AS expected,
        r.open_amount AS found,
        0 AS expected_count,
        1 AS found_count,
        0 AS loose,
        0 AS taken_back
    FROM snapshot_receivable AS r
    LEFT JOIN opening AS o ON o.bill_id = r.bill_id
    UNION ALL
    SELECT
        customer_id,
        0 AS expected,
        0 AS found,
        0 AS expected_count,
        0 AS found_count,
        CASE WHEN amount > 0 THEN amount ELSE 0 END AS loose,
        CASE WHEN amount < 0 THEN -amount ELSE 0 END AS taken_back
    FROM snapshot_payment
    WHERE bill_id IS NULL
),
customer AS (
    SELECT
        customer_id,
        SUM(expected) AS expected,
        SUM(found) AS found,
        SUM(expected_count) AS expected_count,
        SUM(found_count) AS found_count,
        SUM(loose) AS loose,
        SUM(taken_back) AS taken_back
    FROM closing
    GROUP BY customer_id
)
SELECT
    customer_id,
    CAST(expected AS DECIMAL(18, 2)) AS expected,
    CAST(found AS DECIMAL(18, 2)) AS found,
    CAST(found - expected AS DECIMAL(18, 2)) AS difference,
    CAST(expected_count AS BIGINT) AS expected_count,
    CAST(found_count AS BIGINT) AS found_count
FROM customer
WHERE found > expected + taken_back OR found < expected - loose
