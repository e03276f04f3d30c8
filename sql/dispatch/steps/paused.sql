/* ---
title: {zh: 名单是否暂停, en: Whether a list is paused for doing harm}
--- */
SELECT is_paused
FROM feedback_effect
WHERE list = :name
UNION ALL
SELECT is_harmful AS is_paused
FROM feedback_persuasion
WHERE list = :name AND segment = 'all'
