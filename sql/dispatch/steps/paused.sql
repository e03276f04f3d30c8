/* ---
title: {zh: 名单是否暂停, en: Whether a list is paused for doing harm}
--- */
SELECT is_paused
FROM feedback_effect
WHERE list = :name
