"""Numerators and denominators of KPIs added up over the scopes of every kind: their parts.

Each KPI is summed up by place, of which there are some hundreds, in one pass over its base; the
sums of all of them by scope, in one more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipelines.catalogue.outputs import Kpi
from pipelines.catalogue.steps import read_step
from pipelines.rooms.context import Context
from pipelines.rooms.kpi.queries import (
    Places,
    has_own_scopes,
    places_some,
    write_place_sums,
    write_scope_sums,
)
from pipelines.rooms.made_rows import make_schema, take_made_rows
from pipelines.rooms.relations import Relation, take_rows

_SUM = make_schema(
    kpi="VARCHAR",
    variant="VARCHAR",
    part="VARCHAR",
    scope_kind="VARCHAR",
    scope_id="VARCHAR",
    place="BIGINT",
    is_again="BOOLEAN",
    numerator="DECIMAL(28,8)",
    denominator="DECIMAL(28,8)",
    counted="BIGINT",
    low="DOUBLE",
    high="DOUBLE",
)
_PART = make_schema(
    kpi="VARCHAR",
    variant="VARCHAR",
    part="VARCHAR",
    scope_kind="VARCHAR",
    scope_id="VARCHAR",
    numerator="DECIMAL(28,8)",
    denominator="DECIMAL(28,8)",
    counted="BIGINT",
    low="DOUBLE",
    high="DOUBLE",
    is_placed="BOOLEAN",
)

_UNTOLD = make_schema(
    kpi="VARCHAR", variant="VARCHAR", scope_kind="VARCHAR", reason="VARCHAR"
)
_EXPECTED = make_schema(
    kpi="VARCHAR",
    variant="VARCHAR",
    scope_kind="VARCHAR",
    scope_id="VARCHAR",
    has_denominator="BOOLEAN",
)


def begin_sums(context: Context) -> Relation:
    """Begin the table of sums by place, empty.

    A row has a scope that a KPI's own SELECT named, or the number of a place, or neither where
    nobody has its customers. `counted` is how many customers have a part of a denominator in yuan
    that is not 0; `is_again` says that its customers stand in another place as well.
    """
    return take_rows(context, "sums", _SUM.empty_table())


def add_place_sums(context: Context, kpi: Kpi, places: Places, sums: Relation) -> None:
    """Add a KPI's numerators and denominators to the sums by place."""
    answer = context.answer(kpi.spec)
    sql = write_place_sums(kpi, answer.sql, places)
    parameters = {**answer.parameters, "kpi": kpi.name}
    _append(context, sums, sql, parameters)


def sum_scopes(context: Context, sums: Relation, places: Places) -> Relation:
    """Return the parts: the sums of all KPIs by the scopes of every kind.

    `is_placed` says that a KPI's own SELECT named the scope.
    """
    parts = take_rows(context, "parts", _PART.empty_table())
    _append(context, parts, write_scope_sums(sums, places))
    return parts


def add_empty_scopes(
    context: Context, computed: Iterable[Kpi], places: Places, parts: Relation
) -> None:
    """Give the company and the unclaimed remainder a row even when nobody is in them."""
    expected = []
    for kpi in computed:
        if not has_own_scopes(kpi):
            expected += _list_expected_scopes(kpi, places.kinds)
    rows = take_made_rows(context, "expected", expected, _EXPECTED)
    names = {"part": parts.name, "expected": rows.name}
    _append(context, parts, read_step("kpi", "empty_scope").bind_inputs(names))


def list_untold_scopes(
    context: Context, computed: Iterable[Kpi], untold: Mapping[str, str]
) -> Relation:
    """List a row a variant and kind of scope that the month cannot tell, with the reason.

    `untold` are the reasons by kind. A KPI that names all its scopes itself has none of them.
    """
    rows = []
    for kpi in computed:
        if has_own_scopes(kpi):
            continue
        for variant in kpi.variants:
            for kind, reason in untold.items():
                row = {"kpi": kpi.name, "variant": variant}
                rows.append({**row, "scope_kind": kind, "reason": reason})
    return take_made_rows(context, "untold", rows, _UNTOLD)


def _list_expected_scopes(kpi: Kpi, kinds: Sequence[str]) -> list[dict[str, object]]:
    """The scopes of a KPI that have a row in any month."""
    has_denominator = kpi.meta["unit"] != "count" and not places_some(kpi)
    expected: list[dict[str, object]] = []
    for variant in kpi.variants:
        for kind in kinds:
            scope = {
                "kpi": kpi.name,
                "variant": variant,
                "scope_kind": kind,
                "scope_id": "company" if kind == "company" else "unclaimed",
                "has_denominator": has_denominator,
            }
            expected.append(scope)
    return expected


def _append(
    context: Context,
    table: Relation,
    sql: str,
    parameters: Mapping[str, object] | None = None,
) -> None:
    """Add the rows of a SELECT to sums or parts, each value to the column of its name."""
    context.engine.append(table.name, sql, parameters)
