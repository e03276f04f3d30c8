/* ---
title: {zh: 到期续约, en: Contracts and promotions that end soon}
version: 2
purpose: marketing
priority: 60
holdout: true
due: {column: due_on}
verify: renewal
needs_one_of: [service.contract_end_on, service.promotion_end_on]
action: {zh: 到期前联系，商量续约, en: Call before the end and talk about a renewal}
outcomes: [renewed]
script:
- zh: "您好，我是您的客户经理。"
  en: "Good day, I am your account manager."
  by: [manager_id]
- zh: "您的合约快到期了：{contract_lines}。"
  en: "Your contract ends soon: {contract_lines}."
- zh: "您的优惠快到期了：{promotion_lines}。"
  en: "Your promotion ends soon: {promotion_lines}."
- zh: "到期以后怎么安排，您有打算吗？"
  en: "Have you thought about what comes after?"
- zh: "要不要我把续约的办法跟您讲讲？"
  en: "Shall I tell you how it can be renewed?"
evidence:
  zh: "[合约到期：{contract_lines}][；优惠到期：{promotion_lines}]；近三个月月均消费 {value_at_risk} 元"
  en: "[contract ends: {contract_lines}][; promotion ends: {promotion_lines}]; {value_at_risk} yuan a month on the mean of three months"
prior: {probability: 0.12, persuadability: 0.3, renewal: 0.1}
--- */
WITH line AS (  -- the earliest end decides: a contract's before a promotion's, a broadband's before another's
    SELECT
        customer_id,
        service_id,
        contract_end_on,
        promotion_end_on,
        promotion_discount_amount,
        first_end_on,
        CASE WHEN service_type = 'broadband' THEN 0 ELSE 1 END AS line_group,
        service_id || CHR(31) || service_type || CHR(31) AS line_name,
        ROW_NUMBER() OVER (
            PARTITION BY customer_id
            ORDER BY
                first_end_on,
                CASE WHEN contract_end_on = first_end_on THEN 0 ELSE 1 END,
                CASE WHEN service_type = 'broadband' THEN 0 ELSE 1 END,
                service_id
        ) AS place
    FROM features_ending
),
listed AS (
    SELECT
        customer_id,
        MAX(service_id) FILTER (WHERE place = 1) AS service_id,
        MIN(line_group) AS rank_group,
        MIN(first_end_on) AS due_on,
        COUNT(contract_end_on) AS contract_count,
        COUNT(promotion_end_on) AS promotion_count,
        CAST(SUM(promotion_discount_amount) AS DECIMAL(18, 2)) AS promotion_amount,
        STRING_AGG(line_name || CAST(contract_end_on AS VARCHAR), CHR(30) ORDER BY contract_end_on, service_id)
            AS contract_lines,
        STRING_AGG(
            line_name || CAST(promotion_end_on AS VARCHAR)
            || COALESCE(CHR(31) || CAST(promotion_discount_amount AS VARCHAR), ''),
            CHR(30) ORDER BY promotion_end_on, service_id
        ) AS promotion_lines
    FROM line
    GROUP BY customer_id
)
SELECT
    n.customer_id,
    n.service_id,
    n.rank_group,
    h.value_at_risk AS rank_value,
    CASE WHEN n.contract_count > 0 THEN h.value_at_risk ELSE n.promotion_amount END AS amount,
    CASE
        WHEN n.promotion_count = 0 THEN 'contract_end'
        WHEN n.contract_count = 0 THEN 'promotion_end'
        ELSE 'contract_end;promotion_end'
    END AS reason_code,
    n.due_on,
    n.contract_lines,
    n.promotion_lines,
    h.value_at_risk
FROM listed AS n
JOIN features_high_value AS h ON h.customer_id = n.customer_id
