/* ---
title: {zh: 文档中的派单容量, en: "The places for orders that documents print, of company and branches"}
owner: retention
inputs: [scope_name]
--- */
SELECT
    c.scope_kind,
    c.scope_id,
    n.name AS scope_name,
    c.capacity,
    c.used_count,
    c.left_count,
    c.shadow_price_amount
FROM dispatch_capacity AS c
LEFT JOIN scope_name AS n ON n.scope_kind = c.scope_kind AND n.scope_id = c.scope_id
WHERE c.scope_kind IN ('company', 'branch')
ORDER BY c.scope_kind DESC, c.scope_id
