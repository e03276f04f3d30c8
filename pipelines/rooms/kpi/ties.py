"""The books must tie to the fen: parts and company, bills and ledger and KPI, the cohort's bridge and its ends."""

from __future__ import annotations

from pipelines.rooms.context import Context

# KPI variants that are revenue, and which of their sums it is.
REVENUE = {("arrears_rate", "current_amount"): "denominator", ("arpu", "mean_base"): "numerator"}


def tie_books(context: Context, kinds: list[str]) -> None:
    """Write `kpi_tie`; what does not tie is withheld: a wrong sum is worse than none.

    What a KPI's own SELECT has placed in a scope (a target, a touch point) is no sum of customers and need not tie.
    """
    checks = [_parts_against_company(kind) for kind in kinds if kind != "company"]
    if context.is_computed("features_revenue"):
        checks += [
            check
            for (kpi, variant), side in REVENUE.items()
            for check in _revenue(context, kpi, variant, side)
        ]
    if context.is_computed("kpi_bridge"):
        checks += [_bridge("numerator", "current"), _bridge("denominator", "base"), _bridge_steps()]
    no_check = f"SELECT * FROM ({_parts_against_company('company')}) WHERE FALSE"
    context.write(
        "kpi_tie",
        'SELECT "check", kpi, variant, scope_kind, expected, found, found - expected AS difference, '
        f"found = expected AS success FROM ({' UNION ALL '.join(checks or [no_check])})",
        ["kpi", "variant", "scope_kind", '"check"'],
    )


def _bridge(side: str, step: str) -> str:
    """The bridge's ends against the KPI it explains, in every scope that has both."""
    return (
        f"SELECT 'bridge {step}' AS \"check\", p.kpi, p.variant, p.scope_kind, SUM(p.{side}) AS expected, "
        "SUM(b.amount) AS found FROM part AS p "
        f"JOIN kpi_bridge AS b ON b.scope_kind = p.scope_kind AND b.scope_id = p.scope_id AND b.step = '{step}' "
        "WHERE p.kpi = 'revenue_retention_rate' AND p.variant = 'net' GROUP BY p.kpi, p.variant, p.scope_kind"
    )


def _bridge_steps() -> str:
    """The base and all causes against what the cohort pays now; what is compared is the largest miss of a scope."""
    missed = (
        "SELECT scope_kind, ABS(SUM(CASE WHEN step = 'current' THEN -amount ELSE amount END)) AS missed "
        "FROM kpi_bridge GROUP BY scope_kind, scope_id"
    )
    return (
        "SELECT 'bridge steps' AS \"check\", 'revenue_retention_rate' AS kpi, 'net' AS variant, scope_kind, "
        f"0 AS expected, MAX(missed) AS found FROM ({missed}) GROUP BY scope_kind"
    )


def _parts_against_company(kind: str) -> str:
    sides = " UNION ALL ".join(
        f"SELECT '{kind} {side}' AS \"check\", kpi, variant, '{kind}' AS scope_kind, "
        f"SUM({side}) FILTER (WHERE scope_kind = 'company') AS expected, "
        f"SUM({side}) FILTER (WHERE scope_kind = '{kind}') AS found FROM part WHERE NOT is_placed GROUP BY kpi, variant"
        for side in ("numerator", "denominator")
    )
    return f"SELECT * FROM ({sides}) WHERE expected IS NOT NULL"


def _revenue(context: Context, kpi: str, variant: str, side: str) -> tuple[str, str]:
    """The bills of the lines that count, added up anew, against the ledger, and the ledger against the KPI."""
    credit = (
        "0" if context.is_absent("bill.adjustment_amount") else "COALESCE(b.adjustment_amount, 0)"
    )
    bills = (
        f"(SELECT COALESCE(SUM(b.billed_amount + {credit}), 0) FROM snapshot_bill AS b WHERE NOT EXISTS "
        "(SELECT 1 FROM snapshot_service AS s WHERE s.service_id = b.service_id AND s.is_excluded))"
    )
    ledger = "(SELECT COALESCE(SUM(revenue), 0) FROM features_revenue)"

    def check(name: str, expected: str, found: str) -> str:
        return (
            f"SELECT '{name}' AS \"check\", kpi, variant, scope_kind, {expected} AS expected, {found} AS found "
            f"FROM part WHERE kpi = '{kpi}' AND variant = '{variant}' AND scope_kind = 'company'"
        )

    return check("bills to ledger", bills, ledger), check("ledger to KPI", ledger, side)
