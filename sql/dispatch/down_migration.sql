/* ---
title: {zh: 低迁, en: Down-migration and low saturation}
purpose: marketing
priority: 110
holdout: true
due: {day: 12}
action: {zh: 推荐匹配用量的套餐，稳定收入, en: Offer a plan that fits the use and keeps the revenue}
outcomes: [retained, accepted]
script:
- zh: "您好，我是您的客户经理。"
  en: "Good day, I am your account manager."
  by: [manager_id]
- zh: "您的手机号[ {number} ]{changed_month} 把套餐从「{from_plan}」换成了「{to_plan}」。"
  en: "In {changed_month} the plan of your mobile number[ {number}] was changed from “{from_plan}” to “{to_plan}”."
  by: [moved]
- zh: "您的手机号[ {number} ]现在的套餐是「{plan_name}」，{changed_month} 和 {month} 的通话、流量都不到套餐的两成。"
  en: "Your mobile number[ {number}] has the plan “{plan_name}”, and less than a fifth of its minutes and data was used in {changed_month} and in {month}."
  by: [hardly_used]
- zh: "现在的套餐用着合适吗，要不要一起看看别的档？"
  en: "Does the plan fit, or shall we look at others together?"
evidence:
  zh: "[号码 {number}：]现用套餐[「{plan_name}」][；{changed_month} 换过套餐且收入下降{moved}[（从「{from_plan}」到「{to_plan}」）]][；连续两个月语音和流量都不足套餐的 20%{hardly_used}]；近三个月月均消费 {amount} 元"
  en: "[Number {number}: ]plan[ “{plan_name}”][; changed in {changed_month} and pays less{moved}[ (from “{from_plan}” to “{to_plan}”)]][; voice and data below 20% of the bundle two months running{hardly_used}]; {amount} yuan a month on the mean of three months"
tolerates: [plan, m1.features_plan_change]  # who is on the list is known without the names of plans
prior: {probability: 0.1, persuadability: 0.2}
--- */
WITH sign AS (
    SELECT customer_id, service_id, 'down_migration' AS reason_code
    FROM features_migration
    WHERE has_migrated_down
    UNION ALL
    SELECT customer_id, service_id, 'low_saturation' AS reason_code
    FROM features_saturation
    WHERE is_low_saturation
),
line AS (  -- what is said of a number is true of that number, whatever else puts the customer on the list
    SELECT
        customer_id,
        service_id,
        MAX(CASE WHEN reason_code = 'down_migration' THEN '' END) AS moved,
        MAX(CASE WHEN reason_code = 'low_saturation' THEN '' END) AS hardly_used,
        ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY service_id) AS place
    FROM sign
    GROUP BY customer_id, service_id
),
reason AS (
    SELECT customer_id, STRING_AGG(DISTINCT reason_code, ';' ORDER BY reason_code) AS reason_code
    FROM sign
    GROUP BY customer_id
)
SELECT
    g.customer_id,
    g.service_id,
    0 AS rank_group,
    h.value_at_risk AS rank_value,
    h.value_at_risk AS amount,
    r.reason_code,
    g.moved,
    g.hardly_used,
    now_plan.name AS plan_name,
    old_plan.name AS from_plan,
    new_plan.name AS to_plan,
    CAST(:previous_month AS VARCHAR) AS changed_month
FROM line AS g
JOIN reason AS r ON r.customer_id = g.customer_id
JOIN features_high_value AS h ON h.customer_id = g.customer_id
LEFT JOIN snapshot_service AS k ON k.service_id = g.service_id
LEFT JOIN snapshot_plan AS now_plan ON now_plan.plan_id = k.plan_id
LEFT JOIN m1.features_plan_change AS p ON p.service_id = g.service_id
LEFT JOIN snapshot_plan AS old_plan ON old_plan.plan_id = p.first_from_plan_id
LEFT JOIN snapshot_plan AS new_plan ON new_plan.plan_id = p.last_to_plan_id
WHERE g.place = 1
