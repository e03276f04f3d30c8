"""The books must tie to the fen: parts and company, bills, ledger and KPI, bridge and its ends."""

from __future__ import annotations

from pipelines.rooms.context import Context
from pipelines.rooms.kpi.queries import Places
from pipelines.rooms.made_rows import make_schema, take_made_rows
from pipelines.rooms.relations import (
    Relation,
    run_step,
    unite_relations,
    write_step,
)

KEY = ("kpi", "variant", "scope_kind", '"check"')
_KIND = make_schema(scope_kind="VARCHAR")


def tie_books(context: Context, places: Places, parts: Relation) -> None:
    """Write `kpi_tie`; what does not tie is withheld: a wrong sum is worse than none.

    What a KPI's own SELECT has placed in a scope (a target, a touch point) is no sum of customers
    and need not tie.
    """
    rows = [{"scope_kind": kind} for kind in places.kinds]
    kinds = take_made_rows(context, "kinds", rows, _KIND)
    checks = [run_step(context, "kpi", "parts_against_company", part=parts, kind=kinds)]
    if context.is_computed("features_revenue"):
        checks.append(run_step(context, "kpi", "revenue_ties", part=parts))
    if context.is_computed("kpi_bridge"):
        checks.append(run_step(context, "kpi", "bridge_ends", part=parts))
        checks.append(run_step(context, "kpi", "bridge_misses"))

    checked = unite_relations(context, "checks", checks)
    write_step(context, "kpi", "ties", "kpi_tie", KEY, checked=checked)
