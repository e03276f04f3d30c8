/* ---
title: {zh: 已知客户, en: "Every customer whom a month held has known, as they were last"}
owner: retention
key: [customer_id]
tolerates:
  - prior.features_known_customer
  - customer.group_customer_id
  - customer.do_not_contact
  - customer.personalisation_opt_out  # nobody is known to have refused
--- */
SELECT
    customer_id,
    customer_type,
    group_customer_id,
    COALESCE(do_not_contact, FALSE) AS is_do_not_contact,
    COALESCE(personalisation_opt_out, FALSE) AS is_opted_out
FROM snapshot_customer
UNION ALL
SELECT p.customer_id, p.customer_type, p.group_customer_id, p.is_do_not_contact, p.is_opted_out
FROM prior.features_known_customer AS p
LEFT JOIN snapshot_customer AS c ON c.customer_id = p.customer_id
WHERE c.customer_id IS NULL
