"""The rows that documents are made of, and how the tables of this room are read and written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, NotRequired, TypedDict

import pyarrow as pa
from sqlglot import select

from pipelines.rooms.context import Context
from pipelines.rooms.relations import take_rows

Number = float | Decimal


class Scope(NamedTuple):
    """What a figure is about: a scope in a month, and what the scope is called."""

    kind: str
    scope_id: str
    month: str
    name: str | None = None


class Sides(NamedTuple):
    """The numerator and denominator that a figure stands on; None where it has none."""

    numerator: Number | None
    denominator: Number | None


class FigureRow(TypedDict):
    """A row of `report_figure`: a figure as a number and as it is printed."""

    figure: str
    measure: str
    topic: str
    scope_kind: str
    scope_id: str
    scope_name: str | None
    month: str
    unit: str
    shown: str
    source: str
    number: Decimal
    numerator: Decimal | None
    denominator: Decimal | None
    definition_version: int | None


class KpiRow(TypedDict):
    """A row of `kpi_monthly`, as the steps of this room give it."""

    kpi: str
    variant: str
    scope_kind: str
    scope_id: str
    status: str
    reason: NotRequired[str | None]
    value: float | None
    target: NotRequired[float | None]
    gap: NotRequired[float | None]
    rank: NotRequired[int | None]
    numerator: NotRequired[Decimal | None]
    denominator: NotRequired[Decimal | None]
    scope_name: NotRequired[str | None]


class ToldRow(KpiRow):
    """A KPI's row that a sentence is made of: which direction is better, and a manager's branch."""

    better: str
    home: NotRequired[str | None]


class TrendRow(TypedDict):
    """A KPI of a scope in one of the months of the trend."""

    seen_month: str
    kpi: str
    variant: str
    scope_kind: str
    scope_id: str
    scope_name: NotRequired[str | None]
    numerator: Decimal | None
    denominator: Decimal | None
    value: float | None
    status: str


def topic_of(row: KpiRow | TrendRow) -> str:
    """Return the name of a KPI variant: `arrears_rate.t1_amount`."""
    return f"{row['kpi']}.{row['variant']}"


def read_table(context: Context, table: str) -> list[dict[str, Any]]:
    """Return a small table of the month as it stands."""
    return context.engine.rows(f"SELECT * FROM {table}")


def read_ordered(context: Context, table: str) -> list[dict[str, Any]]:
    """Return a small table of the month, ordered by all of its columns."""
    return context.engine.rows(f"SELECT * FROM {table} ORDER BY ALL")


def write_rows(
    context: Context,
    table: str,
    rows: Iterable[Mapping[str, object]],
    schema: pa.Schema,
    key: Sequence[str],
) -> None:
    """Write rows made by this room as a table of the month, ordered by its key."""
    made = take_rows(context, table, pa.Table.from_pylist(list(rows), schema=schema))
    written = select(*schema.names).from_(made.name)
    context.write(table, written.sql("duckdb"), key)
