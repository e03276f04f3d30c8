/* ---
title: {zh: 离网率, en: Churn rate}
owner: retention
version: 2
was: {1: {zh: 四个口径同在一个文件，内容未变, en: "the same; the variants by reason stood in this file"}}
unit: ratio
better: lower
period: sum
default: start_base
shown_in: {overall: 3, headline: 3}
variants:
  start_base: {zh: 期初在网用户中离网, en: "left the network, of those in it a month ago"}
--- */
SELECT
    before.customer_id,
    CASE WHEN COALESCE(now.is_in_net, FALSE) THEN 0 ELSE 1 END AS numerator,
    1 AS denominator
FROM m1.features_service AS before
LEFT JOIN features_service AS now ON now.service_id = before.service_id
WHERE before.is_in_net
