/* ---
title: {zh: 净增保有率, en: Incremental retention}
owner: retention
version: 1
lag: 1
unit: ratio
better: higher
target: 0
default: overall
value: given
interval: given
scopes: own
variants:
  overall: {zh: 全部设对照组的清单, en: all lists that hold somebody out}
  renewal: {zh: 到期续约, en: renewal}
  vip_zero_usage: {zh: 高端零次户, en: high-value with zero usage}
  group_zero_usage: {zh: 集团零次户, en: groups with zero usage}
  cohort_at_risk: {zh: 拍照会员, en: cohort at risk}
  churn_risk: {zh: 离网风险, en: churn risk}
  down_migration: {zh: 低迁, en: down-migration}
  points_redemption: {zh: 积分兑换, en: points}
  activity_invite: {zh: 活动邀约, en: activity invitation}
--- */
SELECT
    CAST(NULL AS VARCHAR) AS customer_id,
    'company' AS scope_kind,
    'company' AS scope_id,
    list AS variant,
    effect AS numerator,
    effect_low AS interval_low,
    effect_high AS interval_high
FROM feedback_effect
WHERE effect IS NOT NULL
  AND list IN (
    'overall', 'renewal', 'vip_zero_usage', 'group_zero_usage', 'cohort_at_risk', 'churn_risk', 'down_migration',
    'points_redemption', 'activity_invite'
  )
