/* ---
title: {zh: 评分的红色预警, en: What about the score is no longer as it was when its model was trained}
--- */
SELECT DISTINCT subject
FROM score_watch
WHERE level = 'red'
ORDER BY subject
