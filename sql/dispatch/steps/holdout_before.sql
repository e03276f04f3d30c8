/* ---
title: {zh: 以前抽取的对照组, en: The hold-out as it was drawn until the latest month held}
--- */
SELECT customer_id, stratum, is_drawn, drawn_in
FROM prior.dispatch_holdout
