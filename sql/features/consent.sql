/* ---
title: {zh: 联系许可, en: Who may not be contacted or profiled}
owner: retention
key: [customer_id]
--- */
SELECT
    c.customer_id,
    c.is_do_not_contact OR COALESCE(k.is_do_not_contact, FALSE) AS is_do_not_contact,
    c.is_opted_out OR COALESCE(k.is_opted_out, FALSE) AS is_opted_out,
    COALESCE(k.is_wrong_number, FALSE) AS is_wrong_number
FROM features_known_customer AS c
LEFT JOIN feedback_mark AS k ON k.customer_id = c.customer_id
