"""Rows of a finished table, as many and by the columns that are asked for.

Who reads a version asks the version (`store.versions`); this is what it reads with.

DuckDB reads them: it is there in a tenth of a second, where Arrow with what it brings takes one and
a half. What is asked for is written into the SQL, because a parameter bound from Python makes
DuckDB load pandas.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pipelines.core.errors import StorageError
from pipelines.core.quoting import quote_name, quote_names, quote_text, scan_parquet
from pipelines.store.parts import Ordered

if TYPE_CHECKING:
    import duckdb

TableRow = dict[str, Any]  # the cells of a row of some table, by column
BATCH_ROWS = 20_000


class InParts(NamedTuple):
    """A table in parts: their folder, and the columns that order its rows across them."""

    folder: Path
    order: tuple[Ordered, ...]


Held = Path | InParts  # a table as it is held: a Parquet file, or parts


@dataclass(frozen=True)
class Among:
    """Wants a value that a column of another table has, in the rows that are wanted of it."""

    held: Held
    column: str
    wanted: Mapping[str, str | tuple[str, ...]]


WantedValue = str | tuple[str, ...] | Among

_R = TypeVar("_R")


def read_rows(
    held: Held, columns: Sequence[str] = (), **wanted: WantedValue
) -> list[TableRow]:
    """Return the rows of a table that have the wanted values, in their order.

    A value is wanted as it is; of a tuple any. All columns where none is named.

    Raise StorageError when it cannot be read.
    """
    return list(chain.from_iterable(read_batches(held, columns, **wanted)))


def read_first(
    held: Held,
    columns: Sequence[str],
    order: Sequence[str],
    count: int,
    **wanted: WantedValue,
) -> list[TableRow]:
    """Return the first so many of the same rows, in the order of some columns."""
    first = [Ordered(column) for column in order]
    more = f"{_write_order([*first, *_list_order(held)])} LIMIT {count}"
    return list(chain.from_iterable(_ask(held, columns, wanted, more)))


def count_by(
    held: Held, columns: Sequence[str], **wanted: WantedValue
) -> list[TableRow]:
    """Count the same rows by the values of some columns, as `count` beside them."""
    by = _write_columns(columns)
    with _answer(
        held,
        f"SELECT {by}, COUNT(*) AS count {_write_source(wanted)} GROUP BY {by} ORDER BY {by}",
    ) as answer:
        return list(chain.from_iterable(_fetch_batches(answer)))


def read_as(row_type: type[_R], held: Held, **wanted: WantedValue) -> list[_R]:
    """Return the same rows as a dataclass or NamedTuple.

    Its fields are the columns that are read.
    """
    columns = _name_fields(row_type)
    return [row_type(**row) for row in read_rows(held, columns, **wanted)]


def _name_fields(row_type: type) -> list[str]:
    if dataclasses.is_dataclass(row_type):
        return [field.name for field in dataclasses.fields(row_type)]
    return list(getattr(row_type, "_fields"))  # noqa: B009


def read_batches(
    held: Held, columns: Sequence[str] = (), **wanted: WantedValue
) -> Iterator[list[TableRow]]:
    """Yield the same rows some thousands at a time."""
    return _ask(held, columns, wanted, _write_order(_list_order(held)))


def _write_order(order: Sequence[Ordered]) -> str:
    """Write the ORDER BY of some columns; nothing where there are none."""
    terms = ", ".join(column.sql for column in order)
    return f"ORDER BY {terms}" if terms else ""


def _list_order(held: Held) -> tuple[Ordered, ...]:
    """The columns to order rows by: none for a file, whose rows are in their order."""
    return held.order if isinstance(held, InParts) else ()


def _ask(
    held: Held,
    columns: Sequence[str],
    wanted: Mapping[str, WantedValue],
    more: str,
) -> Iterator[list[TableRow]]:
    """Yield the wanted rows; `more` says in which order, or how many of them."""
    source = _write_source(wanted)
    with _answer(held, f"SELECT {_write_columns(columns)} {source} {more}") as answer:
        yield from _fetch_batches(answer)


def _fetch_batches(answer: duckdb.DuckDBPyConnection) -> Iterator[list[TableRow]]:
    names = [name for name, *_ in answer.description]
    while rows := answer.fetchmany(BATCH_ROWS):
        yield [dict(zip(names, row, strict=True)) for row in rows]


def _write_source(wanted: Mapping[str, WantedValue]) -> str:
    return f"FROM held WHERE {_write_conditions(wanted)}"


def _write_columns(columns: Sequence[str]) -> str:
    return quote_names(columns) or "*"


def _write_conditions(wanted: Mapping[str, WantedValue]) -> str:
    conditions = [_write_condition(column, value) for column, value in wanted.items()]
    return " AND ".join(conditions) or "TRUE"


def _write_condition(column: str, wanted: WantedValue) -> str:
    """Write that a column has a value, or any of some; none of none is never true."""
    name = quote_name(column)
    if isinstance(wanted, str):
        return f"{name} = {quote_text(wanted)}"
    if isinstance(wanted, Among):
        conditions = _write_conditions(wanted.wanted)
        others = f"SELECT {quote_name(wanted.column)} FROM {_scan(wanted.held)}"
        return f"{name} IN ({others} WHERE {conditions})"
    if not wanted:
        return "FALSE"
    values = [quote_text(value) for value in wanted]
    return f"{name} IN ({', '.join(values)})"


def list_columns(held: Held) -> list[str]:
    """Return a table's columns, in their order."""
    with _answer(held, "SELECT * FROM held LIMIT 0") as answer:
        return [name for name, *_ in answer.description]


def count_rows(held: Held) -> int:
    """Return how many rows a table has."""
    with _answer(held, "SELECT COUNT(*) FROM held") as answer:
        found = answer.fetchone()
    return int(found[0]) if found else 0


@contextmanager
def _answer(held: Held, sql: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Answer a SELECT in which the table is called `held`."""
    import duckdb  # here, so that who only asks for help does not wait for it

    with _open_database().cursor() as cursor:
        try:
            yield cursor.execute(f"WITH held AS (FROM {_scan(held)}) {sql}")
        except duckdb.Error as error:
            why = str(error).splitlines()[0]
            where = find_place(held)
            raise StorageError("storage.unreadable", where=where, why=why) from error


def _scan(held: Held) -> str:
    """The SQL that reads a table."""
    return scan_parquet(find_place(held))


def find_place(held: Held) -> Path:
    """Return where a table stands: its file, or the folder of its parts."""
    return held.folder if isinstance(held, InParts) else held


@cache
def _open_database() -> duckdb.DuckDBPyConnection:
    """The database that all rows of this process are read with.

    Each reading has a cursor of its own.
    """
    import duckdb

    return duckdb.connect(
        ":memory:", config={"threads": 1, "enable_external_file_cache": False}
    )
