"""A KPI's numerators and denominators added up over the scopes of every kind: its parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipelines.catalogue.outputs import Kpi
from pipelines.catalogue.steps import read_step
from pipelines.rooms.context import Context
from pipelines.rooms.kpi.parts import sum_by_customer
from pipelines.rooms.kpi.queries import Places, write_scope_sums
from pipelines.rooms.made_rows import make_schema, take_made_rows
from pipelines.rooms.relations import Relation, take_rows

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


def begin_parts(context: Context) -> Relation:
    """Begin the table of parts, empty.

    `is_placed` says that a KPI's own SELECT named the scope, `counted` how many customers have a
    part of the denominator that is not 0.
    """
    return take_rows(context, "parts", _PART.empty_table())


def sum_scopes(context: Context, kpi: Kpi, places: Places, parts: Relation) -> None:
    """Add a KPI's numerators and denominators to the parts, by the scopes of every kind."""
    customers = sum_by_customer(context, kpi)
    sums = write_scope_sums(customers, places, has_own_scopes=has_own_scopes(kpi))
    _append_parts(context, parts, sums, {"kpi": kpi.name})


def has_own_scopes(kpi: Kpi) -> bool:
    """Whether a KPI names all its scopes itself."""
    return bool(kpi.meta.get("scopes") == "own")


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
    _append_parts(context, parts, read_step("kpi", "empty_scope").bind_inputs(names))


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
    is_placed_by_kpi = "scope_kind" in kpi.spec.column_names
    has_denominator = kpi.meta["unit"] != "count" and not is_placed_by_kpi
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


def _append_parts(
    context: Context,
    parts: Relation,
    sql: str,
    parameters: Mapping[str, object] | None = None,
) -> None:
    """Add the rows of a SELECT to the parts; its columns have the names of `_PART`."""
    context.engine.execute(f"INSERT INTO {parts.name} BY NAME {sql}", parameters)
