-- What files show besides of what drives leaving, a row a service and month; {source} is the operator's folder.
WITH services AS (
    SELECT
        service_id, customer_id, service_type, promotion_end_on, contract_end_on,
        CAST(promotion_discount_amount AS DOUBLE) / NULLIF(CAST(plan_fee AS DOUBLE), 0) AS discount_share,
        string_split(filename, '/')[-2] AS month,
        last_day(CAST(string_split(filename, '/')[-2] || '-01' AS DATE)) AS cut_off
    FROM read_parquet('{source}/20*/service.parquet', filename = true)
    WHERE NOT is_excluded AND status <> 'terminated'
),
usage AS (
    SELECT
        service_id, string_split(filename, '/')[-2] AS month, active_days, last_used_on,
        off_net_minutes / NULLIF(voice_minutes, 0) AS off_net_share, voice_minutes, data_mb
    FROM read_parquet('{source}/20*/usage.parquet', filename = true)
),
tickets AS (
    SELECT
        service_id, string_split(filename, '/')[-2] AS month,
        COUNT(*) FILTER (WHERE category = 'complaint') AS own_complaints,
        COUNT(*) FILTER (WHERE category = 'complaint' AND severity = 'high') AS severe_complaints
    FROM read_parquet('{source}/20*/trouble_ticket.parquet', filename = true) GROUP BY ALL
),
line AS (
    SELECT
        s.*,
        COALESCE(u.active_days, 0) AS active_day_count,
        date_diff('day', u.last_used_on, s.cut_off) AS idle_days,
        COALESCE(t.own_complaints, 0) AS own_complaints,
        COALESCE(t.severe_complaints, 0) AS severe_complaints,
        avg(COALESCE(u.active_days, 0)) OVER past AS active_days_past,
        avg(u.off_net_share) OVER past AS off_net_past,
        avg(u.voice_minutes) OVER past AS voice_past,
        avg(u.data_mb) OVER past AS data_past,
        u.off_net_share AS off_net_now, u.voice_minutes AS voice_now, u.data_mb AS data_now,
        date_diff('day', s.contract_end_on, s.cut_off) AS days_since_contract_end,
        CASE WHEN s.promotion_end_on <= s.cut_off THEN date_diff('day', s.promotion_end_on, s.cut_off) END
            AS days_since_promotion_end
    FROM services AS s
    LEFT JOIN usage AS u ON u.service_id = s.service_id AND u.month = s.month
    LEFT JOIN tickets AS t ON t.service_id = s.service_id AND t.month = s.month
    WINDOW past AS (PARTITION BY s.service_id ORDER BY s.month ROWS BETWEEN 6 PRECEDING AND 1 PRECEDING)
),
changed AS (
    SELECT
        *,
        active_day_count - active_days_past AS active_days_change,
        off_net_now - off_net_past AS off_net_change_6,
        ln((voice_now + 5) / (voice_past + 5)) AS voice_change_6,
        ln((data_now + 50) / (data_past + 50)) AS data_change_6
    FROM line
),
-- All lines of a customer share a mood: what the others do tells of this one.
household AS (
    SELECT
        customer_id, month,
        COUNT(*) AS line_count,
        SUM(active_day_count) AS active_days_sum,
        SUM(active_days_change) AS active_days_change_sum,
        SUM(voice_change_6) AS voice_change_sum,
        SUM(data_change_6) AS data_change_sum,
        COUNT(active_days_change) AS changed_count
    FROM changed
    GROUP BY customer_id, month
),
member AS (
    SELECT customer_id, month, COUNT(*) AS lines FROM services GROUP BY customer_id, month
),
belongs AS (
    SELECT
        customer_id, string_split(filename, '/')[-2] AS month,
        COALESCE(group_customer_id, CASE WHEN customer_type = 'group' THEN customer_id END) AS group_id
    FROM read_parquet('{source}/20*/customer.parquet', filename = true)
),
complained AS (
    SELECT customer_id, string_split(filename, '/')[-2] AS month, COUNT(*) AS complaints
    FROM read_parquet('{source}/20*/trouble_ticket.parquet', filename = true)
    WHERE category = 'complaint'
    GROUP BY ALL
),
-- By the month in which the lines are missed: those of the month before that are there no more.
missed AS (
    SELECT
        b.customer_id,
        strftime(CAST(b.month || '-01' AS DATE) + INTERVAL 1 MONTH, '%Y-%m') AS month,
        COUNT(*) AS lines_before,
        COUNT(*) FILTER (WHERE n.service_id IS NULL) AS lines_lost
    FROM services AS b
    LEFT JOIN services AS n
        ON n.service_id = b.service_id
        AND n.month = strftime(CAST(b.month || '-01' AS DATE) + INTERVAL 1 MONTH, '%Y-%m')
    GROUP BY ALL
),
own AS (
    SELECT
        g.customer_id, g.month, g.group_id,
        COALESCE(x.lines_before, 0) AS lines_before,
        COALESCE(x.lines_lost, 0) AS lines_lost,
        COALESCE(t.complaints, 0) AS complaints
    FROM belongs AS g
    LEFT JOIN missed AS x ON x.customer_id = g.customer_id AND x.month = g.month
    LEFT JOIN complained AS t ON t.customer_id = g.customer_id AND t.month = g.month
    WHERE g.group_id IS NOT NULL
),
neighbour AS (
    SELECT
        customer_id, month,
        SUM(lines_before) OVER mine - lines_before AS lines_before,
        SUM(lines_lost) OVER mine - lines_lost AS lines_lost,
        SUM(complaints) OVER mine - complaints AS complaints
    FROM own
    WINDOW mine AS (PARTITION BY group_id, month)
)
SELECT
    c.service_id, c.month,
    c.active_days_change, c.idle_days, c.off_net_change_6, c.voice_change_6, c.data_change_6,
    h.active_days_sum / h.line_count AS household_active_days,
    h.active_days_change_sum / NULLIF(h.changed_count, 0) AS household_active_days_change,
    h.voice_change_sum / NULLIF(h.changed_count, 0) AS household_voice_change,
    h.data_change_sum / NULLIF(h.changed_count, 0) AS household_data_change,
    b.lines - h.line_count AS household_lines_lost,
    n.lines_lost AS neighbours_lost,
    n.lines_lost / NULLIF(n.lines_before, 0) AS neighbours_lost_share,
    n.complaints AS neighbour_complaints,
    c.own_complaints, c.severe_complaints,
    lag(c.severe_complaints) OVER (PARTITION BY c.service_id ORDER BY c.month) AS severe_complaints_1,
    c.days_since_contract_end, c.days_since_promotion_end, c.discount_share
FROM changed AS c
JOIN household AS h ON h.customer_id = c.customer_id AND h.month = c.month
LEFT JOIN neighbour AS n ON n.customer_id = c.customer_id AND n.month = c.month
LEFT JOIN member AS b
    ON b.customer_id = c.customer_id
    AND b.month = strftime(CAST(c.month || '-01' AS DATE) - INTERVAL 1 MONTH, '%Y-%m')
