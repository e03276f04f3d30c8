/* ---
title: {zh: 数值分布偏移, en: Population stability of what is measured against the month before}
owner: data
key: [measure]
tolerates: [usage, m1.snapshot_usage]  # what was not delivered has no distribution
--- */
-- Ten bins that held equal shares last month, zero a bin of its own; PSI = sum of (now - before) * ln(now / before).
WITH value AS (
    SELECT 'bill.billed_amount' AS measure, CAST(billed_amount AS DOUBLE) AS amount, 0 AS ago FROM snapshot_bill
    UNION ALL SELECT 'bill.billed_amount', CAST(billed_amount AS DOUBLE), 1 FROM m1.snapshot_bill
    UNION ALL SELECT 'usage.data_mb', CAST(data_mb AS DOUBLE), 0 FROM snapshot_usage
    UNION ALL SELECT 'usage.data_mb', CAST(data_mb AS DOUBLE), 1 FROM m1.snapshot_usage
    UNION ALL SELECT 'usage.voice_minutes', CAST(voice_minutes AS DOUBLE), 0 FROM snapshot_usage
    UNION ALL SELECT 'usage.voice_minutes', CAST(voice_minutes AS DOUBLE), 1 FROM m1.snapshot_usage
),
decile AS (
    SELECT measure, bin, MAX(amount) AS top
    FROM (
        SELECT measure, amount, NTILE(10) OVER (PARTITION BY measure ORDER BY amount) AS bin
        FROM value
        WHERE ago = 1 AND amount <> 0
    ) AS cut
    WHERE bin < 10
    GROUP BY measure, bin
),
binned AS (
    SELECT v.measure, v.amount, CASE WHEN v.amount = 0 THEN -1 ELSE COUNT(d.bin) END AS bin
    FROM (SELECT DISTINCT measure, amount FROM value) AS v
    LEFT JOIN decile AS d ON d.measure = v.measure AND v.amount > d.top
    GROUP BY v.measure, v.amount
),
counted AS (
    SELECT v.measure, b.bin, COUNT(*) FILTER (WHERE v.ago = 0) AS now, COUNT(*) FILTER (WHERE v.ago = 1) AS before
    FROM value AS v
    JOIN binned AS b ON b.measure = v.measure AND b.amount = v.amount
    GROUP BY v.measure, b.bin
),
share AS (  -- half a row in every bin, so that an empty one has a logarithm
    SELECT
        c.measure,
        CAST(c.now + 0.5 AS DOUBLE) / CAST(t.now + 0.5 AS DOUBLE) AS now,
        CAST(c.before + 0.5 AS DOUBLE) / CAST(t.before + 0.5 AS DOUBLE) AS before
    FROM counted AS c
    JOIN (SELECT measure, SUM(now) AS now, SUM(before) AS before FROM counted GROUP BY measure) AS t
        ON t.measure = c.measure
    WHERE t.now >= 100 AND t.before >= 100
)
SELECT
    measure,
    SUM(CAST(ROUND((now - before) * LN(now / CAST(before AS DOUBLE)) * 1000000000) / 1000000000 AS DECIMAL(18, 9))) AS psi
FROM share
GROUP BY measure
