/* ---
title: {zh: 以前持有的月份, en: The months that the latest month held knew to be held}
--- */
SELECT month
FROM prior.features_held_month
