/* ---
title: {zh: 暂停的名单, en: The lists that are paused for doing harm}
--- */
SELECT list
FROM feedback_effect
WHERE is_paused
UNION
SELECT list
FROM feedback_persuasion
WHERE segment = 'all' AND is_harmful
