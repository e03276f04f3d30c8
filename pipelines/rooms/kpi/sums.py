"""A KPI's numerators and denominators added up over the scopes of every kind: its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.catalogue.outputs import Kpi
from pipelines.catalogue.steps import read_step
from pipelines.rooms.context import Context
from pipelines.rooms.kpi.parts import sum_by_customer
from pipelines.rooms.kpi.queries import (
    Places,
    select_placed_sums,
    select_scope_sums,
    sql_of,
)
from pipelines.rooms.made_rows import make_schema
from pipelines.rooms.relations import Relation, take_rows

_PART = make_schema(
    kpi="VARCHAR",
    variant="VARCHAR",
    part="VARCHAR",
    scope_kind="VARCHAR",
    scope_id="VARCHAR",
    numerator="DECIMAL(28,8)",
    denominator="DECIMAL(28,8)",
    low="DOUBLE",
    high="DOUBLE",
    is_placed="BOOLEAN",
)


def begin_parts(context: Context) -> Relation:
    """Begin the table of parts, empty.

    `is_placed` says that a KPI's own SELECT named the scope.
    """
    return take_rows(context, "parts", _PART.empty_table())


def sum_scopes(context: Context, kpi: Kpi, places: Places, parts: Relation) -> None:
    """Add a KPI's numerators and denominators to the parts, once for every kind of scope."""
    customers = sum_by_customer(context, kpi)
    for kind in places.kinds:
        sums = select_scope_sums(kpi.name, customers, places, kind)
        _append_parts(context, parts, sql_of(sums))

    has_own_scopes = kpi.meta.get("scopes") == "own"
    # A target of a branch says nothing where nobody knows whose customer is whose.
    known = None if has_own_scopes else places.kinds
    placed = select_placed_sums(kpi.name, customers, known)
    _append_parts(context, parts, sql_of(placed))
    if not has_own_scopes:
        _append_empty_scopes(context, kpi, places.kinds, parts)


def _append_empty_scopes(
    context: Context, kpi: Kpi, kinds: Sequence[str], parts: Relation
) -> None:
    """Give the company and the unclaimed remainder a row even when nobody is in them."""
    is_placed_by_kpi = "scope_kind" in kpi.spec.tree.named_selects
    has_denominator = kpi.meta["unit"] != "count" and not is_placed_by_kpi
    sql = read_step("kpi", "empty_scope").bind_inputs({"part": parts.name})
    for variant in kpi.variants:
        for kind in kinds:
            parameters = {
                "kpi": kpi.name,
                "variant": variant,
                "scope_kind": kind,
                "scope_id": "company" if kind == "company" else "unclaimed",
                "has_denominator": has_denominator,
            }
            _append_parts(context, parts, sql, parameters)


def _append_parts(
    context: Context,
    parts: Relation,
    sql: str,
    parameters: Mapping[str, object] | None = None,
) -> None:
    """Add the rows of a SELECT to the parts; its columns have the names of `_PART`."""
    context.engine.execute(f"INSERT INTO {parts.name} BY NAME {sql}", parameters)
