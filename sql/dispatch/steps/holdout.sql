/* ---
title: {zh: 对照组, en: "Everybody ever on a persuasion list, and whether they are held out"}
inputs: [drawn]
--- */
SELECT customer_id, stratum, is_drawn, drawn_in
FROM drawn
