/* ---
title: {zh: 用户号码，单独存放, en: "What customers call their lines, kept apart"}
owner: retention
inputs: [typed]
--- */
SELECT service_id, number
FROM typed
WHERE _rule IS NULL AND number IS NOT NULL
