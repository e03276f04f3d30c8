/* ---
title: {zh: 近十二个月持有的月数, en: How many of the last twelve months are held}
owner: retention
--- */
SELECT COUNT(*) AS months
FROM features_held_month
WHERE months_ago <= 12
