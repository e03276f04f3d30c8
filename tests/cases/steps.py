"""Where a step meets its case: the relations it is passed have the types that the names of their columns promise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlglot import exp

from pipelines.catalogue.spec import TableName
from pipelines.catalogue.steps import Step, read_step
from pipelines.rooms.context import Context
from pipelines.rooms.relations import Relation, read_rows, take_rows
from tests.cases.bench import (
    _fill,
    _refuse_unknown,
    _typed_parameters,
    _value,
    bind,
    make_context,
    open_engine,
    read_earlier,
)
from tests.cases.form import CASES, Case, Grid, read_cases

_MONEY = pa.decimal128(18, 2)
_SUM = pa.decimal128(28, 8)
_DOUBLE = pa.float64()
# Columns of relations whose names promise no type of their own, or another than theirs.
_TYPES = {
    **dict.fromkeys(("place", "priority", "capacity", "rank_group", "n"), pa.int32()),
    **dict.fromkeys(("can_work", "has_manager", "may_be_ordered"), pa.bool_()),
    **dict.fromkeys(("stops_on_complaint", "cools_down"), pa.bool_()),
    **dict.fromkeys(
        ("probability", "persuadability", "renewal", "gap_rate"), pa.float64()
    ),
    **dict.fromkeys(("numerator", "denominator", "expected", "found"), _SUM),
    **dict.fromkeys(
        ("volume", "mix", "rate", "value_mix", "value_rate", "number"), _SUM
    ),
    **dict.fromkeys(
        ("value", "value_before", "target", "gap", "low", "high", "limit"), _DOUBLE
    ),
    **dict.fromkeys(("p_voluntary", "p_involuntary", "p_down_migration"), _DOUBLE),
    **dict.fromkeys(("sign", "rows", "rows_in", "quarantined"), pa.int32()),
    **dict.fromkeys(("effect", "effect_low", "effect_high"), _DOUBLE),
    **dict.fromkeys(("rank", "decile", "months_ago"), pa.int32()),
    "amount": _MONEY,
    "rank_value": _MONEY,
    "rank_tie": _MONEY,
    "target_value": _MONEY,
    "expected_value": _MONEY,
    "cooling_since": pa.date32(),
    "ordered_on": pa.string(),  # the list that has the order
    "success": pa.bool_(),
    "uplift": pa.float64(),
    "weight": _SUM,
    **dict.fromkeys(("_line", "line", "counted"), pa.int64()),
}


def load_step_cases() -> Iterator[Case]:
    """Yield every case of every step."""
    for path in sorted(CASES.glob("*/steps/*.yml")):
        yield from read_cases(path)


def room_of(case: Case) -> str:
    """The room whose step a case is of."""
    return case.path.parent.parent.name


def run_step_case(case: Case, folder: Path) -> list[dict[str, Any]]:
    """Run a step on the relations and tables of a case, and return its rows."""
    with open_engine("duckdb", folder) as engine:
        return open_step_case(engine, case, folder)()


def open_step_case(
    engine: Any, case: Case, folder: Path
) -> Callable[[], list[dict[str, Any]]]:
    """Give an engine the relations and tables of a case; return what runs the step on them."""
    step = read_step(room_of(case), case.stem)
    readable = {str(table) for table in step.tables} | set(step.inputs)
    _refuse_unknown("table, the step does not read it", map(str, case.given), readable)
    _refuse_unknown(
        "parameter, the step does not read it", case.parameters, step.parameters
    )
    context = make_context(case.month, engine, folder, read_earlier(case, folder))
    for table in step.tables:
        bind(engine, table, _fill(table, case.given.get(table)), folder)
    inputs = {name: _take_input(context, step, name, case) for name in step.inputs}
    parameters = _typed_parameters(case.parameters)

    def run() -> list[dict[str, Any]]:
        return read_rows(context, step.room, step.name, parameters, **inputs)

    return run


def _take_input(context: Context, step: Step, name: str, case: Case) -> Relation:
    return take_rows(context, name, _make_relation(step, TableName(name), case))


def _make_relation(step: Step, table: TableName, case: Case) -> pa.Table:
    """The rows of a case under the columns that it names and those that the step reads."""
    grid = case.given.get(table, Grid((), ()))
    columns = list(dict.fromkeys([*grid.columns, *sorted(_columns_read(step, table))]))
    schema = pa.schema([(column, _type_of(column)) for column in columns])
    rows = []
    for line in grid.rows:
        cells = dict(zip(grid.columns, line, strict=True))
        rows.append(
            {
                column: _value(cells.get(column, ""), _type_of(column))
                for column in columns
            }
        )
    return pa.Table.from_pylist(rows, schema=schema)


def _type_of(column: str) -> pa.DataType:
    if column.endswith("_count") and not column.startswith("is_"):
        return pa.int32()
    if column in _TYPES:
        return _TYPES[column]
    if column.startswith("is_"):
        return pa.bool_()
    if column.endswith("_on") and column != "also_on":
        return pa.date32()
    return _MONEY if column.endswith("_amount") else pa.string()


def _columns_read(step: Step, wanted: TableName) -> set[str]:
    """The columns of an input or a table that a step names: those it qualifies, or all where the input stands alone."""
    found: set[str] = set()
    for table in step.tree.find_all(exp.Table):
        select = table.find_ancestor(exp.Select)
        if TableName(table.name, table.db) != wanted or select is None:
            continue
        is_alone = not select.args.get("joins")
        for column in select.find_all(exp.Column):
            is_its_own = column.table == table.alias_or_name or (
                is_alone and not column.table
            )
            if is_its_own and isinstance(column.this, exp.Identifier):
                found.add(column.name)
    return found
