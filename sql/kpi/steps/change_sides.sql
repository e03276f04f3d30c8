/* ---
title: {zh: 两个月的分子分母, en: Numerators and denominators of a month before and of now}
owner: retention
inputs: [before]
--- */
SELECT
    kpi,
    variant,
    scope_kind,
    scope_id,
    n.status AS status,
    b.status AS status_before,
    b.numerator AS n0,
    b.denominator AS d0,
    n.numerator AS n1,
    n.denominator AS d1
FROM kpi_monthly AS n
FULL JOIN before AS b USING (kpi, variant, scope_kind, scope_id)
WHERE n.denominator IS NOT NULL OR b.denominator IS NOT NULL
ORDER BY ALL
