"""The books must tie to the fen: parts and company, bills, ledger and KPI, bridge and its ends."""

from __future__ import annotations

import pyarrow as pa

from pipelines.catalogue.steps import read_step
from pipelines.rooms.context import Context
from pipelines.rooms.kpi.queries import Places

KEY = ("kpi", "variant", "scope_kind", '"check"')
_KIND = pa.schema([("scope_kind", pa.string())])


def tie_books(context: Context, places: Places, parts: str) -> None:
    """Write `kpi_tie`; what does not tie is withheld: a wrong sum is worse than none.

    What a KPI's own SELECT has placed in a scope (a target, a touch point) is no sum of customers
    and need not tie.
    """
    kinds = [{"scope_kind": kind} for kind in places.kinds]
    context.engine.register("kpi_scope_kind", pa.Table.from_pylist(kinds, schema=_KIND))

    of_parts = {"part": parts}
    by_kind = {"part": parts, "kind": "kpi_scope_kind"}
    checks = [read_step("kpi", "parts_against_company").bind_inputs(by_kind)]
    if context.is_computed("features_revenue"):
        checks.append(read_step("kpi", "revenue_ties").bind_inputs(of_parts))
    if context.is_computed("kpi_bridge"):
        checks.append(read_step("kpi", "bridge_ends").bind_inputs(of_parts))
        checks.append(read_step("kpi", "bridge_misses").bind_inputs({}))

    context.engine.table("kpi_check", " UNION ALL ".join(f"({check})" for check in checks))
    ties = read_step("kpi", "ties").bind_inputs({"checked": "kpi_check"})
    context.write("kpi_tie", ties, KEY)
