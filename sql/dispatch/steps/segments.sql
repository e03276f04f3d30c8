/* ---
title: {zh: 名单客户的分群与风险, en: "The segment and the risk of everybody on a list that holds somebody out"}
inputs: [candidate, list_fact]
--- */
-- What a contact does is learnt by these; who opted out of scores is in none of them.
WITH listed AS (
    SELECT DISTINCT c.customer_id
    FROM candidate AS c
    JOIN list_fact AS f ON f.list = c.list
    WHERE f.is_held_out
),
score AS (
    SELECT customer_id, MAX(p_voluntary) AS risk
    FROM score_churn
    GROUP BY customer_id
),
ranked AS (
    SELECT customer_id, risk, NTILE(10) OVER (ORDER BY risk DESC, customer_id) AS tenth
    FROM score
),
line AS (
    SELECT
        s.customer_id,
        MAX(s.tenure_months) AS tenure_months,
        MAX(CASE WHEN c.days_to_contract_end > 60 THEN 1 ELSE 0 END) AS is_bound
    FROM features_service AS s
    LEFT JOIN features_contract AS c ON c.service_id = s.service_id
    GROUP BY s.customer_id
)
SELECT
    l.customer_id,
    CASE WHEN COALESCE(k.is_opted_out, FALSE) OR n.customer_id IS NULL THEN 'unknown'
        ELSE CONCAT(
            CASE WHEN n.tenure_months < 12 THEN 'new' ELSE 'settled' END,
            CASE WHEN n.is_bound = 1 THEN '/bound' ELSE '/free' END,
            CASE WHEN p.vip_tier IN ('silver', 'gold', 'diamond') THEN '/vip' ELSE '/plain' END,
            CASE WHEN r.tenth IS NULL THEN '/unscored' WHEN r.tenth = 1 THEN '/top' WHEN r.tenth <= 5 THEN '/upper'
                ELSE '/lower' END
        )
    END AS segment,
    CASE
        WHEN NOT COALESCE(k.is_opted_out, FALSE) THEN CAST(ROUND(r.risk * 100000000) / 100000000 AS DECIMAL(18, 8))
    END AS risk
FROM listed AS l
LEFT JOIN features_consent AS k ON k.customer_id = l.customer_id
LEFT JOIN line AS n ON n.customer_id = l.customer_id
LEFT JOIN snapshot_customer AS p ON p.customer_id = l.customer_id
LEFT JOIN ranked AS r ON r.customer_id = l.customer_id
