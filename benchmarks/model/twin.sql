-- A row a service and month of a synthetic operator: what is known at the cut-off. {source} is its folder.
WITH services AS (
    SELECT
        *,
        string_split(filename, '/')[-2] AS month,
        last_day(CAST(string_split(filename, '/')[-2] || '-01' AS DATE)) AS cut_off
    FROM read_parquet('{source}/20*/service.parquet', filename = true)
    WHERE NOT is_excluded
),
customers AS (
    SELECT customer_id, customer_type, vip_tier, string_split(filename, '/')[-2] AS month
    FROM read_parquet('{source}/20*/customer.parquet', filename = true)
),
revenue AS (
    SELECT service_id, bill_month AS month, SUM(CAST(billed_amount + adjustment_amount AS DOUBLE)) AS revenue
    FROM read_parquet('{source}/20*/bill.parquet') GROUP BY ALL
),
due AS (
    SELECT
        service_id, string_split(filename, '/')[-2] AS month, SUM(CAST(open_amount AS DOUBLE)) AS past_due,
        MAX(last_day(CAST(string_split(filename, '/')[-2] || '-01' AS DATE)) - due_on) AS past_due_age
    FROM read_parquet('{source}/20*/receivable.parquet', filename = true)
    WHERE due_on <= last_day(CAST(string_split(filename, '/')[-2] || '-01' AS DATE))
    GROUP BY ALL
),
usage AS (
    SELECT *, string_split(filename, '/')[-2] AS month
    FROM read_parquet('{source}/20*/usage.parquet', filename = true)
),
tickets AS (
    SELECT customer_id, string_split(filename, '/')[-2] AS month, COUNT_IF(category = 'complaint') AS complaints
    FROM read_parquet('{source}/20*/trouble_ticket.parquet', filename = true) GROUP BY ALL
),
stops AS (
    SELECT service_id, string_split(filename, '/')[-2] AS month, COUNT_IF(to_status = 'suspended_arrears') AS stops
    FROM read_parquet('{source}/20*/status_change.parquet', filename = true) GROUP BY ALL
),
branches AS (
    SELECT customer_id, string_split(filename, '/')[-2] AS month, arg_max(branch_id, valid_from) AS branch_id
    FROM read_parquet('{source}/20*/ownership.parquet', filename = true) GROUP BY ALL
),
joined AS (
    SELECT
        s.service_id, s.customer_id, s.month, b.branch_id, s.plan_id, s.termination_reason,
        COALESCE(r.revenue, 0) > 0 AS is_billed,
        s.status, s.service_type, c.customer_type, c.vip_tier, CAST(s.plan_fee AS DOUBLE) AS plan_fee,
        date_diff('month', s.activated_on, s.cut_off) AS tenure_months,
        date_diff('month', s.cut_off, s.contract_end_on) AS contract_months,
        date_diff('month', s.cut_off, s.promotion_end_on) AS promotion_months,
        CAST(s.promotion_discount_amount AS DOUBLE) AS promotion_discount,
        date_diff('day', s.status_since, s.cut_off) AS status_days,
        COALESCE(r.revenue, 0) AS revenue, COALESCE(d.past_due, 0) AS past_due, COALESCE(d.past_due_age, 0) AS past_due_age,
        u.voice_calls, u.voice_minutes, u.sms_count, u.data_mb, u.active_days,
        u.off_net_minutes / NULLIF(u.voice_minutes, 0) AS off_net_share,
        COALESCE(t.complaints, 0) AS complaints, COALESCE(p.stops, 0) AS stops
    FROM services AS s
    LEFT JOIN customers AS c ON c.customer_id = s.customer_id AND c.month = s.month
    LEFT JOIN revenue AS r ON r.service_id = s.service_id AND r.month = s.month
    LEFT JOIN due AS d ON d.service_id = s.service_id AND d.month = s.month
    LEFT JOIN usage AS u ON u.service_id = s.service_id AND u.month = s.month
    LEFT JOIN tickets AS t ON t.customer_id = s.customer_id AND t.month = s.month
    LEFT JOIN stops AS p ON p.service_id = s.service_id AND p.month = s.month
    LEFT JOIN branches AS b ON b.customer_id = s.customer_id AND b.month = s.month
)
SELECT
    *,
    lag(revenue) OVER history AS revenue_1, avg(revenue) OVER before AS revenue_mean,
    lag(voice_minutes) OVER history AS voice_minutes_1, avg(voice_minutes) OVER before AS voice_minutes_mean,
    lag(data_mb) OVER history AS data_mb_1, avg(data_mb) OVER before AS data_mb_mean,
    voice_minutes / NULLIF(avg(voice_minutes) OVER before, 0) AS voice_trend,
    data_mb / NULLIF(avg(data_mb) OVER before, 0) AS data_trend,
    off_net_share - avg(off_net_share) OVER before AS off_net_rise,
    lag(past_due) OVER history AS past_due_1, sum(stops) OVER before AS stops_before,
    sum(complaints) OVER before AS complaints_before,
    plan_id IS DISTINCT FROM lag(plan_id) OVER history AS is_plan_new
FROM joined
WINDOW
    history AS (PARTITION BY service_id ORDER BY month),
    before AS (PARTITION BY service_id ORDER BY month ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING)
ORDER BY service_id, month
