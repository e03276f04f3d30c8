"""Where a SQL file meets its case: the real engine, the real context, tables of the types the real ones have."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import engines
from pipelines.catalogue.spec import (
    EARLIER,
    MADE_OF,
    Spec,
    TableName,
    load_named_specs,
    load_room_specs,
)
from pipelines.catalogue.tables import find_table
from pipelines.core.calendar import Calendar
from pipelines.core.contract import load_contract
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.engines.duckdb import Answer, write_native_sql
from pipelines.rooms import features
from pipelines.rooms.context import Context, find_declared
from pipelines.rooms.dispatch.candidates import rank_customers
from pipelines.rooms.feedback.money import write_money
from pipelines.store.lake import Draft, Version
from pipelines.store.manifest import TableEntry
from tests.cases.form import Case, Grid

_ARROW = {
    "VARCHAR": pa.string(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
}
# Tables that code makes of a SQL file's table (`MADE_OF`), and which code; they have cases as files have.
MADE: Mapping[str, Callable[[Context, str, str], None]] = {
    "feedback_money": write_money
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


def run_case(engine: str, case: Case, folder: Path) -> list[dict[str, Any]]:
    """Run a SQL file on the tables of a case, as its room does, and return its rows."""
    made = f"{case.room}_{case.stem}"
    if made in MADE:
        return _run_made(engine, case, folder, made)
    spec = load_named_specs(case.room)[case.stem]
    with open_engine(engine, folder) as open_:
        context = make_context(case.month, open_, folder, read_earlier(case, folder))
        bind_case(open_, case, spec, folder)
        parameters = fill_parameters(context, case, spec)
        answer = open_.answer(write_question(context, spec), parameters)
        return read_as_its_room(context, spec, answer)


def bind_case(engine: Any, case: Case, spec: Spec, folder: Path) -> None:
    """Give an engine the tables of a case; raise ValueError for one that its SQL does not read."""
    readable = set(spec.reads)
    if spec.meta.get("carry"):
        readable.add(TableName(spec.table, "prior"))
    _refuse_unknown(
        "table, the SQL does not read it", map(str, case.given), map(str, readable)
    )
    for table in readable:
        bind(engine, table, _fill(table, case.given.get(table)), folder)


def fill_parameters(context: Context, case: Case, spec: Spec) -> dict[str, Any]:
    """The month's parameters with those of a case; raise ValueError for one that is not read."""
    _refuse_unknown(
        "parameter, the SQL does not read it", case.parameters, spec.parameters
    )
    given = _typed_parameters(case.parameters)
    return context.parameters(spec.parameters) | given


def _run_made(
    engine: str, case: Case, folder: Path, table: str
) -> list[dict[str, Any]]:
    """Run what makes a table of a SQL file's table, on the rows that a case gives that one."""
    source = TableName(MADE_OF[table])
    _refuse_unknown("table", map(str, case.given), [str(source)])
    with open_engine(engine, folder) as open_:
        context = make_context(case.month, open_, folder, {})
        bind(open_, source, _fill(source, case.given.get(source)), folder)
        context.entries[source.name] = TableEntry("computed")
        MADE[table](context, source.name, table)
        rows: list[dict[str, Any]] = open_.rows(f"SELECT * FROM {table}")
        return rows


def _refuse_unknown(kind: str, given: Iterable[str], known: Iterable[str]) -> None:
    if unknown := set(given) - set(known):
        raise ValueError(f"unknown {kind}: {', '.join(sorted(unknown))}")


def _typed_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: Decimal(str(value)) if isinstance(value, float) else value
        for name, value in given.items()
    }


# -- what a room makes of its SELECTs --------------------------------------------------------------


def write_question(context: Context, spec: Spec) -> str:
    """What an engine is asked for a SQL file: its SELECT, joined with what is carried where it carries a history."""
    return (
        features.carry_history(context, spec)
        if spec.meta.get("carry")
        else write_native_sql(spec)
    )


def read_as_its_room(
    context: Context, spec: Spec, answer: Answer
) -> list[dict[str, Any]]:
    """Read an answer as its room does: one row a customer and list, sums a customer and KPI."""
    if spec.room == "dispatch":
        ranked = rank_customers(context, spec, answer)
        return context.engine.rows(f"SELECT * FROM {ranked.name}")
    sql = _sums(spec, answer.sql) if spec.room == "kpi" else answer.sql
    return context.engine.rows(sql, answer.parameters)


def _sums(spec: Spec, answer: str) -> str:
    """Add up a KPI's parts a customer and variant; what adds nothing is left out."""
    measures = [
        name for name in ("numerator", "denominator") if name in spec.tree.named_selects
    ]
    placed = (
        "customer_id",
        "variant",
        "part",
        "scope_kind",
        "scope_id",
        "interval_low",
        "interval_high",
    )
    keys = [name for name in placed if name in spec.tree.named_selects]
    sums = [f"CAST(SUM({name}) AS DECIMAL(28, 8)) AS {name}" for name in measures]
    some = " OR ".join(f"SUM({name}) IS DISTINCT FROM 0" for name in measures)
    return f"SELECT {', '.join(keys + sums)} FROM ({answer}) GROUP BY {', '.join(keys)} HAVING {some}"


# -- engine and context ----------------------------------------------------------------------------


def open_engine(name: str, folder: Path) -> Any:
    """Open an engine as the rooms do, small."""
    settings = load_settings(engine=name, memory_limit="1GB", threads=1)
    return engines.open_engine(settings, folder / "scratch", [folder])


@dataclass(frozen=True)
class Earlier(Version):
    """An earlier month that holds some tables and nothing else."""

    tables: frozenset[str] = frozenset()

    @property
    def manifest(self) -> dict[str, Any]:
        """The tables as computed ones."""
        return {"tables": {name: {"status": "computed"} for name in self.tables}}


def read_earlier(case: Case, folder: Path) -> dict[str, Version | None]:
    months = {
        "m1": case.month.plus(-1),
        "m2": case.month.plus(-2),
        "m3": case.month.plus(-3),
        "m12": case.month.plus(-12),
        "prior": case.prior,
        "base": case.prior,
    }
    tables = {
        era: frozenset(t.name for t in case.given if t.era == era) for era in EARLIER
    }
    return {
        era: Earlier(months[era], folder, tables[era]) if tables[era] else None
        for era in EARLIER
    }


def make_context(
    month: Month, engine: Any, folder: Path, earlier: Mapping[str, Version | None]
) -> Context:
    """Make a month's context on an engine, with the settings of the definitions."""
    settings = load_settings(
        high_value_threshold=Decimal("89.00"), lowest_reward_points=1000
    )
    return Context(month, settings, Calendar(), Draft(month, folder), engine, earlier)


# -- tables ----------------------------------------------------------------------------------------


@cache
def schema_of(table: str) -> pa.Schema:
    """The columns and types that a table declares; of one that nobody declares those of its SQL on empty inputs."""
    declared = find_table(table)
    if declared is None:
        specs = load_room_specs(table.split("_", 1)[0])
        return described(next(spec for spec in specs if spec.table == table))
    return pa.schema(
        [(name, arrow_type(kind)) for name, kind in declared.types.items()]
    )


def arrow_type(kind: str) -> pa.DataType:
    """The Arrow type of a DuckDB type."""
    decimal = _DECIMAL.fullmatch(kind)
    if decimal is None:
        return _ARROW[kind]
    return pa.decimal128(int(decimal[1]), int(decimal[2]))


def described(spec: Spec, missing: Iterable[TableName] = ()) -> pa.Schema:
    """The columns and types that a SQL file gives on empty inputs; stand-ins of the room for those that are missing.

    A table's own earlier self is always such a stand-in, as it is in the first month.
    """
    with (
        tempfile.TemporaryDirectory() as name,
        open_engine("duckdb", Path(name)) as engine,
    ):
        context = make_context(Month(2026, 10), engine, Path(name), {})
        for table in spec.reads:
            if table in missing or table.name == spec.table:
                engine.bind_empty(table, find_declared(table.name).types)
            else:
                bind(engine, table, _fill(table, None), Path(name))
        schema: pa.Schema = (
            engine.execute(
                write_question(context, spec), context.parameters(spec.parameters)
            )
            .to_arrow_table()
            .schema
        )
        return schema


def bind(engine: Any, table: TableName, rows: pa.Table, folder: Path) -> None:
    """Give an engine a table as the rooms do: a Parquet file under the table's name."""
    path = folder / f"{table}.parquet"
    pq.write_table(rows, path)
    engine.bind(table, path)


def _fill(table: TableName, grid: Grid | None) -> pa.Table:
    schema = schema_of(table.name)
    columns = grid.columns if grid else ()
    _refuse_unknown(
        "column",
        (f"{table}.{c}" for c in columns),
        (f"{table}.{c}" for c in schema.names),
    )
    rows = [dict(zip(columns, line, strict=True)) for line in grid.rows] if grid else []
    _refuse_bad_words(table, rows)
    values = [
        {name: _value(cell, schema.field(name).type) for name, cell in row.items()}
        for row in rows
    ]
    return pa.Table.from_pylist(values, schema=schema)


def _refuse_bad_words(table: TableName, rows: list[dict[str, str]]) -> None:
    """A delivered word the contract does not know would never get past the snapshot."""
    delivered = load_contract().get(table.name.removeprefix("snapshot_"))
    for column in delivered.columns if delivered else ():
        if column.kind == "enum":
            words = (row.get(column.name, "") for row in rows)
            _refuse_unknown(f"{table.name}.{column.name}", words, (*column.values, ""))


def _value(cell: str, kind: pa.DataType) -> object:
    if cell == "":
        return None
    if pa.types.is_boolean(kind):
        return {"true": True, "false": False}[cell]
    if pa.types.is_date(kind):
        return date.fromisoformat(cell)
    if pa.types.is_timestamp(kind):
        return datetime.fromisoformat(cell)
    if pa.types.is_decimal(kind):
        return Decimal(cell)
    if pa.types.is_integer(kind):
        return int(cell)
    return float(cell) if pa.types.is_floating(kind) else cell
