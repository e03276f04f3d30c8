"""Every KPI at every level: sums over sums, the unclaimed remainder as its own scope, target, gap and rank.

`kpi_monthly` has one row a KPI variant and scope. A KPI that cannot be computed has one row, at company level, that says
why. Parts add up to the whole because each customer stands in exactly one scope of a kind.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pipelines.core.context import Context
from pipelines.core.outputs import Kpi, kpis
from pipelines.engines.duckdb import native

# kind -> (SQL of the scope's id, columns it cannot do without)
SCOPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "company": ("'company'", ()),
    "city": ("COALESCE(c.city_id, 'unclaimed')", ("ownership.branch_id", "organisation.parent_id")),
    "branch": ("COALESCE(o.branch_id, 'unclaimed')", ("ownership.branch_id",)),
    "unit": ("COALESCE(o.unit_id, 'unclaimed')", ("ownership.unit_id",)),
    "manager": ("COALESCE(o.manager_id, 'unclaimed')", ("ownership.manager_id",)),
}


def run(context: Context) -> None:
    """Write `kpi_monthly`."""
    engine = context.engine
    engine.execute(
        "CREATE TEMP TABLE part (kpi VARCHAR, variant VARCHAR, scope_kind VARCHAR, scope_id VARCHAR, "
        "numerator DECIMAL(28,8), denominator DECIMAL(28,8))"
    )
    kinds = [kind for kind, (_, needs) in SCOPES.items() if not any(context.is_absent(need) for need in needs)]
    _place_customers(context, kinds)
    facts = []
    for kpi in kpis():
        context.progress(f"kpi_{kpi.spec.name}")
        reasons = context.missing(kpi.spec)
        if not reasons:
            _sum_up(context, kpi, ["company"] if _is_value(kpi) else kinds)
        facts += [_fact(context, kpi, variant, reasons) for variant in kpi.variants]
    engine.register("fact", pa.Table.from_pylist(facts, schema=_FACT))
    targets = "SELECT * FROM snapshot_target"
    if not context.is_computed("snapshot_target"):
        targets = "SELECT NULL AS kpi, NULL AS scope_kind, NULL AS scope_id, NULL AS target_value WHERE FALSE"
    engine.table("target_row", targets)
    engine.table("home_branch", _home_branches(kinds))
    tie_books(context, kinds)
    context.write("kpi_monthly", _MONTHLY, ["kpi", "variant", "scope_kind", "scope_id"], _settings(context))


_FACT = pa.schema(
    [
        ("kpi", pa.string()),
        ("variant", pa.string()),
        ("is_default", pa.bool_()),
        ("is_count", pa.bool_()),
        ("sign", pa.int32()),
        ("target", pa.float64()),
        ("missing", pa.string()),
        ("note", pa.string()),
    ]
)


def _fact(context: Context, kpi: Kpi, variant: str, reasons: list[str]) -> dict[str, Any]:
    return {
        "kpi": kpi.name,
        "variant": variant,
        "is_default": variant == kpi.meta["default"],
        "is_count": kpi.meta["unit"] == "count" or _is_value(kpi),
        "sign": -1 if kpi.meta["better"] == "higher" else 1,
        "target": kpi.spec.meta.get("target"),
        "missing": "; ".join(reasons) or None,
        "note": _note(context, kpi, variant) if not reasons else None,
    }


def _is_value(kpi: Kpi) -> bool:
    """Whether a KPI is a value of the company alone: nothing to add up, and none where there is nothing to say."""
    return bool(kpi.meta["unit"] == "score")


def _note(context: Context, kpi: Kpi, variant: str) -> str | None:
    if kpi.meta.get("note") == "interval":
        return _interval(context, variant)
    if kpi.meta.get("note") != "months_held":
        return None
    held = context.engine.rows("SELECT COUNT(*) AS n FROM features_held_month")[0]["n"]
    return f"months held: {held} of 12"


def _interval(context: Context, name: str) -> str | None:
    """Between which bounds an effect lies, or that there are too few orders to say."""
    sql = "SELECT effect_low, effect_high FROM feedback_effect WHERE list = $name AND effect IS NOT NULL"
    row = next(iter(context.engine.rows(sql, {"name": name})), None)
    return f"interval: {row['effect_low']:+.4f} … {row['effect_high']:+.4f}" if row else "too few orders"


def _settings(context: Context) -> dict[str, object]:
    return {"month": str(context.month), "small": context.settings.small_denominator}


def _place_customers(context: Context, kinds: list[str]) -> None:
    """Make `place`: each known customer's scope of every kind that can be told."""
    owner = "features_owner" if "branch" in kinds else None
    city = "features_city" if "city" in kinds else None
    ids = ", ".join(f"{sql} AS {kind}" for kind, (sql, _) in SCOPES.items() if kind in kinds and kind != "company")
    if owner is None:
        context.engine.table("place", "SELECT NULL::VARCHAR AS customer_id WHERE FALSE")
        return
    join = f"LEFT JOIN {city} AS c ON c.branch_id = o.branch_id" if city else ""
    context.engine.table("place", f"SELECT o.customer_id, {ids} FROM {owner} AS o {join}")


def _home_branches(kinds: list[str]) -> str:
    """Return SQL of the branch of each scope that has one: itself, and units and managers all of whose customers are its."""
    inside = [kind for kind in ("branch", "unit", "manager") if kind in kinds]
    if "branch" not in kinds:
        return "SELECT NULL::VARCHAR AS scope_kind, NULL::VARCHAR AS scope_id, NULL::VARCHAR AS branch_id WHERE FALSE"
    return " UNION ALL ".join(
        f"SELECT '{kind}' AS scope_kind, {kind} AS scope_id, MIN(branch) AS branch_id FROM place "
        f"WHERE {kind} <> 'unclaimed' GROUP BY {kind} HAVING COUNT(DISTINCT branch) = 1"
        for kind in inside
    )


def _sum_up(context: Context, kpi: Kpi, kinds: list[str]) -> None:
    """Add a KPI's numerators and denominators to `part`, once for every kind of scope."""
    columns = kpi.spec.tree.named_selects
    variant = "variant" if "variant" in columns else f"'{kpi.variants[0]}'"
    denominator = "denominator" if "denominator" in columns else "NULL"
    context.engine.table(
        "customer_part",
        f"SELECT customer_id, {variant} AS variant, SUM(CAST(numerator AS DECIMAL(28,8))) AS numerator, "
        f"SUM(CAST({denominator} AS DECIMAL(28,8))) AS denominator FROM ({native(kpi.spec)}) GROUP BY ALL",
        context.parameters(kpi.spec.parameters),
    )
    for kind in kinds:
        # The company is summed by itself: what stands in two places must not tie.
        scope, place = "'company'", ""
        if kind != "company":
            scope, place = f"COALESCE(l.{kind}, 'unclaimed')", "LEFT JOIN place AS l ON l.customer_id = p.customer_id"
        context.engine.execute(
            f"INSERT INTO part SELECT '{kpi.name}', variant, '{kind}', {scope}, SUM(numerator), SUM(denominator) "
            f"FROM customer_part AS p {place} GROUP BY ALL"
        )
    if not _is_value(kpi):
        _always_there(context, kpi, kinds)


def _always_there(context: Context, kpi: Kpi, kinds: list[str]) -> None:
    """The company and the unclaimed remainder have a row even when nobody is in them."""
    empty = "NULL" if kpi.meta["unit"] == "count" else "0"
    for variant in kpi.variants:
        for kind in kinds:
            scope = "company" if kind == "company" else "unclaimed"
            context.engine.execute(
                f"INSERT INTO part SELECT '{kpi.name}', '{variant}', '{kind}', '{scope}', 0, {empty} WHERE NOT EXISTS "
                f"(SELECT 1 FROM part WHERE kpi = '{kpi.name}' AND variant = '{variant}' "
                f"AND scope_kind = '{kind}' AND scope_id = '{scope}')"
            )


_MONTHLY = """
WITH valued AS (
    SELECT
        f.kpi, f.variant, COALESCE(p.scope_kind, 'company') AS scope_kind, COALESCE(p.scope_id, 'company') AS scope_id,
        p.numerator, p.denominator,
        CASE WHEN f.is_count THEN CAST(p.numerator AS DOUBLE)
            ELSE CAST(p.numerator AS DOUBLE) / NULLIF(CAST(p.denominator AS DOUBLE), 0) END AS value,
        CASE WHEN f.is_default THEN COALESCE(CAST(t.target_value AS DOUBLE), f.target) END AS target,
        f.sign, f.is_count, f.missing, f.note, f.is_default,
        NOT f.is_count AND p.denominator < $small AS is_small
    FROM fact AS f
    LEFT JOIN part AS p ON p.kpi = f.kpi AND p.variant = f.variant
    LEFT JOIN target_row AS t
        ON f.is_default AND t.kpi = f.kpi AND t.scope_kind = p.scope_kind AND t.scope_id = p.scope_id
),
ranked AS (
    SELECT *,
        value IS NOT NULL AND NOT is_small AND scope_kind <> 'company' AND scope_id <> 'unclaimed' AS is_ranked
    FROM valued
)
SELECT
    $month AS month, k.kpi, k.variant, k.is_default, k.scope_kind, k.scope_id, k.numerator, k.denominator, k.value,
    k.target, k.value - k.target AS gap,
    CASE WHEN k.is_ranked THEN CAST(RANK() OVER (
        PARTITION BY k.kpi, k.variant, k.scope_kind, k.is_ranked ORDER BY k.value * k.sign
    ) AS INTEGER) END AS rank,
    CASE WHEN k.missing IS NOT NULL THEN 'not_computed' WHEN t.kpi IS NOT NULL THEN 'withheld'
        ELSE COALESCE(b.status, r.status) END AS status,
    NULLIF(CONCAT_WS('; ', k.missing, CASE WHEN k.missing IS NULL THEN COALESCE(b.reason, r.reason) END,
        'does_not_tie: ' || t.checks, k.note, CASE WHEN k.is_small THEN 'small_denominator' END), '') AS reason
FROM ranked AS k
JOIN validate_release AS r
    ON r.kind = 'kpi' AND r.output = k.kpi || '.' || k.variant
    AND r.scope = CASE WHEN k.scope_kind = 'company' THEN 'company' ELSE 'parts' END
LEFT JOIN home_branch AS h ON h.scope_kind = k.scope_kind AND h.scope_id = k.scope_id
LEFT JOIN validate_release AS b ON b.kind = 'kpi' AND b.output = r.output AND b.scope = 'branch:' || h.branch_id
LEFT JOIN (
    SELECT kpi, variant, STRING_AGG("check", ', ' ORDER BY "check") AS checks
    FROM kpi_tie WHERE NOT success GROUP BY kpi, variant
) AS t ON t.kpi = k.kpi AND t.variant = k.variant
"""


# -- the books must tie ------------------------------------------------------------------------------------------

# KPI variants that are revenue, and which of their sums it is.
REVENUE = {("arrears_rate", "current_amount"): "denominator", ("arpu", "mean_base"): "numerator"}


def tie_books(context: Context, kinds: list[str]) -> None:
    """Write `kpi_tie`: parts against the company, and bills against ledger against KPI, to the fen.

    What does not tie is withheld: a wrong sum is worse than none.
    """
    checks = [_parts_against_company(kind) for kind in kinds if kind != "company"]
    if context.is_computed("features_revenue"):
        checks += [check for (kpi, variant), side in REVENUE.items() for check in _revenue(context, kpi, variant, side)]
    no_check = f"SELECT * FROM ({_parts_against_company('company')}) WHERE FALSE"
    context.write(
        "kpi_tie",
        'SELECT "check", kpi, variant, scope_kind, expected, found, found - expected AS difference, '
        f"found = expected AS success FROM ({' UNION ALL '.join(checks or [no_check])})",
        ["kpi", "variant", "scope_kind", '"check"'],
    )


def _parts_against_company(kind: str) -> str:
    sides = " UNION ALL ".join(
        f"SELECT '{kind} {side}' AS \"check\", kpi, variant, '{kind}' AS scope_kind, "
        f"SUM({side}) FILTER (WHERE scope_kind = 'company') AS expected, "
        f"SUM({side}) FILTER (WHERE scope_kind = '{kind}') AS found FROM part GROUP BY kpi, variant"
        for side in ("numerator", "denominator")
    )
    values = ", ".join(f"'{kpi.name}'" for kpi in kpis() if _is_value(kpi)) or "NULL"
    return f"SELECT * FROM ({sides}) WHERE expected IS NOT NULL AND kpi NOT IN ({values})"


def _revenue(context: Context, kpi: str, variant: str, side: str) -> tuple[str, str]:
    """The bills of the lines that count, added up anew, against the ledger, and the ledger against the KPI."""
    credit = "0" if context.is_absent("bill.adjustment_amount") else "COALESCE(b.adjustment_amount, 0)"
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
