/* ---
title: {zh: 各批计数, en: "What was counted of each batch that was scored, as JSON"}
owner: retention
inputs: [scored]
--- */
SELECT counted
FROM scored
WHERE counted IS NOT NULL
