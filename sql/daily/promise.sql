/* ---
title: {zh: 缴费承诺回访名单, en: Promises to pay that fell due on the day or are past due and not kept}
owner: retention
key: [order_id, promised_on]
tolerates:
  - daily_money
  - feedback_promise
  - receivable.is_disputed
  - prior.features_open_bill
--- */
-- What came in until the newest month held ended is that month's word; what came in since is money received that went to
-- bills which were past due when the order was made. Nothing is missing of a promise beyond what is still open of those.
-- What is short of an instalment is what its day adds to what was short before it.
WITH promise AS (
    SELECT
        order_id,
        instalment,
        contacted_on,
        promised_amount,
        promised_on,
        SUM(promised_amount) OVER (PARTITION BY order_id ORDER BY promised_on NULLS FIRST) AS promised_so_far
    FROM extract_promise
),
said AS (  -- promises whose days of grace were not over when that month ended; who must not be contacted is not called
    SELECT
        p.order_id,
        p.instalment,
        o.customer_id,
        o.branch_id,
        o.manager_id,
        CAST(CONCAT(LEFT(CAST(o.dispatched_on AS VARCHAR), 7), '-01') AS DATE) AS due_before,
        COALESCE(p.contacted_on, o.dispatched_on) AS counts_from,
        p.contacted_on,
        p.promised_on,
        p.promised_amount,
        p.promised_so_far,
        COALESCE(b.paid_amount, 0) AS paid_before,
        COALESCE(b.credited_amount, 0) AS credited_before
    FROM promise AS p
    JOIN daily_order AS o ON o.order_id = p.order_id
    JOIN extract_outcome AS a ON a.order_id = p.order_id
    LEFT JOIN features_consent AS c ON c.customer_id = o.customer_id
    LEFT JOIN feedback_promise AS b
        ON b.order_id = p.order_id AND b.promised_on = p.promised_on AND b.promised_amount = p.promised_amount
    WHERE p.promised_on <= CAST(:last_day AS DATE)
        AND CAST(p.promised_on + INTERVAL 3 DAY AS DATE) >= CAST(:next_first_day AS DATE)
        AND NOT a.is_closed
        AND NOT COALESCE(c.is_do_not_contact, FALSE)
),
payer AS (  -- the customer, and a group's members
    SELECT order_id, customer_id FROM said
    UNION
    SELECT s.order_id, c.customer_id
    FROM said AS s
    JOIN features_known_customer AS c ON c.group_customer_id = s.customer_id
),
come AS (
    SELECT s.order_id, s.promised_on, SUM(y.amount) AS amount
    FROM said AS s
    JOIN daily_money AS y ON y.order_id = s.order_id AND y.paid_on >= s.counts_from
    JOIN prior.features_open_bill AS b ON b.bill_id = y.bill_id AND b.due_on < s.due_before AND NOT b.is_disputed
    GROUP BY s.order_id, s.promised_on
),
open AS (
    SELECT s.order_id, s.promised_on, SUM(v.open_amount) AS amount
    FROM said AS s
    JOIN payer AS r ON r.order_id = s.order_id
    JOIN snapshot_receivable AS v
        ON v.customer_id = r.customer_id AND v.due_on < s.due_before AND NOT COALESCE(v.is_disputed, FALSE)
    GROUP BY s.order_id, s.promised_on
),
stood AS (
    SELECT
        s.order_id,
        s.instalment,
        s.customer_id,
        s.branch_id,
        s.manager_id,
        s.contacted_on,
        s.promised_on,
        s.promised_amount,
        s.paid_before + COALESCE(c.amount, 0) AS come_amount,
        s.promised_so_far - s.credited_before - s.paid_before - COALESCE(c.amount, 0) AS missing_amount,
        COALESCE(o.amount, 0) AS open_amount
    FROM said AS s
    LEFT JOIN come AS c ON c.order_id = s.order_id AND c.promised_on = s.promised_on
    LEFT JOIN open AS o ON o.order_id = s.order_id AND o.promised_on = s.promised_on
),
short AS (
    SELECT
        order_id,
        instalment,
        customer_id,
        branch_id,
        manager_id,
        contacted_on,
        promised_on,
        promised_amount,
        come_amount,
        GREATEST(LEAST(missing_amount, open_amount), 0)
        - GREATEST(LEAST(missing_amount - promised_amount, open_amount), 0) AS short_amount
    FROM stood
)
SELECT
    order_id,
    instalment,
    customer_id,
    branch_id,
    manager_id,
    contacted_on,
    promised_on,
    promised_amount,
    CAST(CASE WHEN :has_daily_money THEN come_amount END AS DECIMAL(18, 2)) AS come_amount,
    CAST(short_amount AS DECIMAL(18, 2)) AS short_amount,
    CASE
        WHEN short_amount = 0 THEN 'kept'
        WHEN promised_on = CAST(:last_day AS DATE) THEN 'due'
        ELSE 'late'
    END AS state
FROM short
WHERE promised_on = CAST(:last_day AS DATE) OR short_amount > 0
