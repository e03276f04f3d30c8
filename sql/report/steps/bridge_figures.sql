/* ---
title: {zh: 拍照收入桥的数字, en: "The cohort's bridge of company and branches"}
owner: retention
inputs: [scope_name]
--- */
SELECT
    b.month,
    b.scope_kind,
    b.scope_id,
    o.name AS scope_name,
    b.step,
    b.amount
FROM kpi_bridge AS b
LEFT JOIN scope_name AS o ON o.scope_kind = b.scope_kind AND o.scope_id = b.scope_id
WHERE b.scope_kind IN ('company', 'branch')
ORDER BY b.scope_kind DESC, b.scope_id, b.place
