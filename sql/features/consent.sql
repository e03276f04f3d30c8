/* ---
title: {zh: 联系许可, en: Who may not be contacted or profiled}
owner: retention
key: [customer_id]
tolerates: [customer.do_not_contact, customer.personalisation_opt_out]  # nobody is known to have refused
--- */
SELECT
    customer_id,
    COALESCE(do_not_contact, FALSE) AS is_do_not_contact,
    COALESCE(personalisation_opt_out, FALSE) AS is_opted_out
FROM snapshot_customer
