/* ---
title: {zh: 停机记录月份, en: The months whose stops are known}
owner: retention
key: [month]
needs: [status_change.to_status]
tolerates: [prior.features_stop_month]  # a month whose changes were not delivered begins anew
--- */
SELECT CAST(:month AS VARCHAR) AS month
UNION
SELECT month
FROM prior.features_stop_month
WHERE month >= :month_m5
