"""A KPI's sums customer by customer, and the scopes each customer stands in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
from sqlglot import exp

from pipelines.catalogue.outputs import Kpi
from pipelines.core.reasons import join_reasons
from pipelines.rooms.context import Context
from pipelines.rooms.kpi.queries import (
    Places,
    select_biggest,
    select_distinct_places,
    select_no_places,
    select_numbered_places,
    select_places,
    select_row_sums,
    select_source_rows,
    sql_of,
    write_customer_sums,
)
from pipelines.rooms.relations import Relation, keep_result, keep_small

CUSTOMERS = Relation("kpi_customers")


class ScopeSource(NamedTuple):
    """Where a scope's id comes from, and the delivered columns it cannot do without."""

    column: str
    needs: tuple[str, ...]


# The company needs nothing: everybody stands in it.
SCOPES: dict[str, ScopeSource | None] = {
    "company": None,
    "city": ScopeSource("c.city_id", ("ownership.branch_id", "organisation.parent_id")),
    "branch": ScopeSource("o.branch_id", ("ownership.branch_id",)),
    "unit": ScopeSource("o.unit_id", ("ownership.unit_id",)),
    "manager": ScopeSource("o.manager_id", ("ownership.manager_id",)),
}


def list_scope_kinds(context: Context) -> list[str]:
    """Return the kinds of scope that the month's deliveries tell."""
    untold = explain_untold_kinds(context)
    return [kind for kind in SCOPES if kind not in untold]


def explain_untold_kinds(context: Context) -> dict[str, str]:
    """Return the kinds of scope that the month's deliveries do not tell, each with the reason."""
    untold = {}
    for kind, source in SCOPES.items():
        lacking = context.list_absent(source.needs if source else ())
        if lacking:
            untold[kind] = join_reasons(lacking)
    return untold


def place_customers(context: Context) -> Places:
    """Keep each known customer's scope of every kind that the month can tell."""
    kinds = tuple(list_scope_kinds(context))
    if "branch" not in kinds:
        nobody = keep_result(context, "places", sql_of(select_no_places()))
        return Places(kinds, nobody, distinct=nobody)
    scopes = []
    for kind in kinds:
        source = SCOPES[kind]
        if source is not None:
            scopes.append((kind, source.column))
    query = select_places(scopes, has_cities="city" in kinds)
    owned = keep_result(context, "owned", sql_of(query))
    places = sql_of(select_distinct_places(owned, kinds))
    distinct = keep_small(context, "distinct_places", places)
    numbered = sql_of(select_numbered_places(owned, distinct, kinds))
    return Places(kinds, keep_result(context, "places", numbered), distinct)


def sum_by_customer(context: Context, kpi: Kpi) -> Relation:
    """Sum what a KPI's SELECT returns up by customer."""
    answer = context.answer(kpi.spec)
    sums = write_customer_sums(kpi, answer.sql)
    context.engine.table(CUSTOMERS.name, sums, answer.parameters)
    return CUSTOMERS


class FigurePart(NamedTuple):
    """Which figure of a KPI: its variant, and whose it is."""

    variant: str
    scope_kind: str
    scope_id: str


class SourcePage(NamedTuple):
    """Some of the rows behind a figure, with the number and the sums of all of them."""

    rows: list[dict[str, Any]]
    row_count: int
    numerator: Decimal | None
    denominator: Decimal | None


def read_source_rows(context: Context, kpi: Kpi, part: FigurePart) -> pa.Table:
    """Return the rows behind a figure: customer, part, numerator, denominator, in a fixed order.

    What belongs to no customer (a target, complaints by touch point) has no customer_id.
    """
    query = sql_of(_query_rows(context, kpi, part))
    return context.engine.execute(query, _name_values(part)).to_arrow_table()


def read_source_page(
    context: Context, kpi: Kpi, part: FigurePart, begin: int, count: int
) -> SourcePage:
    """Return so many of the same rows from `begin` on, those that add most to the figure first."""
    query = _query_rows(context, kpi, part)
    values = _name_values(part)
    page = context.engine.execute(sql_of(select_biggest(query, begin, count)), values)
    rows = page.to_arrow_table().to_pylist()
    sums = context.engine.execute(sql_of(select_row_sums(query)), values)
    [summed] = sums.to_arrow_table().to_pylist()
    return SourcePage(rows, **summed)


def _query_rows(context: Context, kpi: Kpi, part: FigurePart) -> exp.Select:
    """The query of a figure's rows; the parts of the customers are made for it."""
    places = place_customers(context)
    customers = sum_by_customer(context, kpi)
    return select_source_rows(customers, places, part.scope_kind)


def _name_values(part: FigurePart) -> dict[str, str]:
    return {
        "variant": part.variant,
        "kind": part.scope_kind,
        "scope_id": part.scope_id,
    }
