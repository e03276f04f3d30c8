"""Every KPI at every level: sums over sums, the unclaimed remainder as its own scope, target, gap and rank.

`kpi_monthly` has one row a KPI variant and scope. A KPI that cannot be computed has one row, at company level, that says
why. Parts add up to the whole because each customer stands in exactly one scope of a kind. What belongs to no customer
(a target, complaints by touch point) is placed in its scope by the KPI's own SELECT.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pipelines.catalogue.outputs import Kpi, kpis
from pipelines.rooms.context import Context
from pipelines.rooms.kpi.bridge import write_bridge
from pipelines.rooms.kpi.change import write_changes
from pipelines.rooms.kpi.parts import place_customers, placed_in, scope_kinds, sum_by_customer
from pipelines.rooms.kpi.table import MONTHLY, SCOPED
from pipelines.rooms.kpi.ties import tie_books
from pipelines.rooms.kpi.trend import write_trend
from pipelines.rooms.kpi.windows import window_gaps


def run(context: Context) -> None:
    """Write `kpi_monthly` and what is made of it."""
    engine = context.engine
    engine.execute(
        "CREATE TEMP TABLE part (kpi VARCHAR, variant VARCHAR, part VARCHAR, scope_kind VARCHAR, scope_id VARCHAR, "
        "numerator DECIMAL(28,8), denominator DECIMAL(28,8), low DOUBLE, high DOUBLE, is_placed BOOLEAN)"
    )
    kinds = scope_kinds(context)
    place_customers(context, kinds)
    facts = []
    for kpi in kpis():
        context.progress(f"kpi_{kpi.spec.name}")
        reasons = context.missing(kpi.spec) or window_gaps(context, kpi.meta)
        if not reasons:
            _sum_up(context, kpi, kinds)
        facts += [_fact(context, kpi, variant, reasons) for variant in kpi.variants]
    engine.register("fact", pa.Table.from_pylist(facts, schema=_FACT))
    targets = "SELECT * FROM snapshot_target"
    if not context.is_computed("snapshot_target"):
        targets = "SELECT NULL AS kpi, NULL AS scope_kind, NULL AS scope_id, NULL AS target_value WHERE FALSE"
    engine.table("target_row", targets)
    engine.table("home_branch", _home_branches(kinds))
    write_bridge(context, kinds)
    tie_books(context, kinds)
    engine.table("scoped", SCOPED, _settings(context))
    context.write(
        "kpi_monthly",
        MONTHLY,
        ["kpi", "variant", "scope_kind", "scope_id"],
        {"month": str(context.month)},
    )
    write_changes(context)
    write_trend(context)


_FACT = pa.schema(
    [
        ("kpi", pa.string()),
        ("variant", pa.string()),
        ("is_default", pa.bool_()),
        ("is_count", pa.bool_()),
        ("way", pa.string()),
        ("interval", pa.string()),
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
        "is_count": kpi.meta["unit"] == "count",
        "way": kpi.meta.get("value", "sum"),
        "interval": kpi.meta.get("interval"),
        "sign": -1 if kpi.meta["better"] == "higher" else 1,
        "target": kpi.spec.meta.get("target"),
        "missing": "; ".join(reasons) or None,
        "note": _note(context, kpi) if not reasons else None,
    }


def _note(context: Context, kpi: Kpi) -> str | None:
    if kpi.meta.get("note") != "months_held":
        return None
    held = context.engine.rows(
        "SELECT COUNT(*) AS n FROM features_held_month WHERE months_ago <= 12"
    )[0]["n"]
    return f"months held: {held} of 12"


def _settings(context: Context) -> dict[str, object]:
    settings = context.settings
    return {
        "small": settings.small_denominator,
        "score_cap": float(settings.private_line_score_cap),
        "score_deduction": float(settings.private_line_score_deduction),
    }


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
    sum_by_customer(context, kpi)
    for kind in kinds:
        # The company is summed by itself: what stands in two places must not tie.
        scope, place = placed_in(kind)
        _add(
            context,
            kpi,
            f"'{kind}', {scope}",
            f"{place} WHERE p.scope_kind IS NULL",
            is_placed=False,
        )
    is_own = kpi.meta.get("scopes") == "own"
    # A target of a branch says nothing where nobody knows whose customer is whose.
    known = "TRUE" if is_own else f"p.scope_kind IN ({', '.join(repr(kind) for kind in kinds)})"
    _add(
        context,
        kpi,
        "scope_kind, scope_id",
        f"WHERE p.scope_kind IS NOT NULL AND {known}",
        is_placed=True,
    )
    if not is_own:
        _always_there(context, kpi, kinds)


def _add(context: Context, kpi: Kpi, scope: str, rows: str, *, is_placed: bool) -> None:
    context.engine.execute(
        f"INSERT INTO part SELECT '{kpi.name}', variant, part, {scope}, SUM(numerator), SUM(denominator), "
        f"MAX(CAST(interval_low AS DOUBLE)), MAX(CAST(interval_high AS DOUBLE)), {is_placed} "
        f"FROM customer_part AS p {rows} GROUP BY ALL"
    )


def _always_there(context: Context, kpi: Kpi, kinds: list[str]) -> None:
    """The company and the unclaimed remainder have a row even when nobody is in them."""
    has_denominator = (
        kpi.meta["unit"] != "count" and "scope_kind" not in kpi.spec.tree.named_selects
    )
    empty = "0" if has_denominator else "NULL"
    for variant in kpi.variants:
        for kind in kinds:
            here = {"kpi": kpi.name, "variant": variant, "kind": kind}
            here["scope"] = "company" if kind == "company" else "unclaimed"
            context.engine.execute(
                f"INSERT INTO part SELECT $kpi, $variant, '', $kind, $scope, 0, {empty}, NULL, NULL, FALSE "
                "WHERE NOT EXISTS (SELECT 1 FROM part WHERE kpi = $kpi AND variant = $variant "
                "AND scope_kind = $kind AND scope_id = $scope)",
                here,
            )
