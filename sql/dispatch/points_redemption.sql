/* ---
title: {zh: 积分兑换, en: Points that can be redeemed}
purpose: marketing
priority: 150
holdout: true
due: {column: due_on}
verify: points
action: {zh: 提醒积分可兑换，协助兑换, en: Remind of the points and help to redeem them}
outcomes: [redeemed]
script:
- zh: "您好，您有 {points_balance} 积分可以兑换。"
  en: "Good day, you have {points_balance} points to redeem."
  by: [points_redeemable]
- zh: "其中 {points_expiring} 分 {points_expire_on} 到期。"
  en: "{points_expiring} of them expire on {points_expire_on}."
- zh: "要不要看看能换什么，现在就兑换？"
  en: "Shall we see what they are good for, and redeem them now?"
evidence:
  zh: "可用积分 {points_balance} 分[，其中 {points_expiring} 分 {points_expire_on} 到期]，达到最低兑换标准"
  en: "{points_balance} points[, {points_expiring} of them expiring on {points_expire_on}]: enough for a reward"
tolerates: [loyalty.points_expiring]
prior: {probability: 0.02, persuadability: 0.1}
--- */
SELECT
    l.customer_id,
    CAST(NULL AS VARCHAR) AS service_id,
    CASE WHEN l.points_expire_on IS NULL THEN 99999 ELSE DATE_DIFF('day', CAST(:last_day AS DATE), l.points_expire_on) END
        AS rank_group,
    CAST(l.points_balance AS DECIMAL(18, 2)) AS rank_value,
    CAST(NULL AS DECIMAL(18, 2)) AS amount,
    'points_redeemable' AS reason_code,
    l.points_expire_on AS due_on,
    CAST(l.points_balance AS BIGINT) AS points_balance,
    CAST(l.points_expiring AS BIGINT) AS points_expiring,
    l.points_expire_on
FROM snapshot_loyalty AS l
WHERE l.points_balance >= :lowest_reward_points AND l.is_barred IS DISTINCT FROM TRUE
