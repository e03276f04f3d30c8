/* ---
title: {zh: 已放行的月份, en: The months whose orders were released}
--- */
SELECT month
FROM extract_release
