/* ---
title: {zh: 联系许可, en: Who may not be contacted or profiled}
owner: retention
key: [customer_id]
tolerates: [customer.do_not_contact, customer.personalisation_opt_out]  # nobody is known to have refused
--- */
SELECT
    c.customer_id,
    COALESCE(c.do_not_contact, FALSE) OR COALESCE(k.is_do_not_contact, FALSE) AS is_do_not_contact,
    COALESCE(c.personalisation_opt_out, FALSE) AS is_opted_out,
    COALESCE(k.is_wrong_number, FALSE) AS is_wrong_number
FROM snapshot_customer AS c
LEFT JOIN feedback_mark AS k ON k.customer_id = c.customer_id
