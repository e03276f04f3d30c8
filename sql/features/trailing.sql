/* ---
title: {zh: 三、六、十二个月累计, en: "Trailing sums over 3, 6 and 12 months, trends and the zero-usage streak"}
owner: retention
key: [service_id]
# A month that is not held adds nothing; known_n says for how many of the n months it is known, for means.
windows:
  sum:
    months: [3, 6, 12]
    of:
      revenue: DECIMAL(18, 2)
      voice_minutes: DECIMAL(18, 6)
      data_mb: DECIMAL(18, 6)
      past_due_amount: DECIMAL(18, 2)
  known: {months: [3, 6, 12], of: {known: is_in_net, usage_known: voice_minutes}}
  slope: {months: [6], of: [revenue, voice_minutes, data_mb]}
  streak: {months: 13, of: {zero_usage_streak: is_zero_usage}}
--- */
SELECT
    service_id,
    customer_id
FROM features_history
WHERE is_in_net_0 IS NOT NULL
