"""The gate's counts, worked out by executors where large tables stand in parts; one row comes back.

The statements are those of the gate, on the names that its own views have. A statement that Spark
does not take, since somebody wrote a rule in words of the embedded engine, is counted here: it
costs time, and closes no gate; the log has a line `validate_counted_here`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipelines.catalogue.spec import TableName
from pipelines.core.contract import load_contract
from pipelines.core.errors import StorageError
from pipelines.core.quoting import quote_names, write_casts
from pipelines.engines.duckdb import DuckEngine
from pipelines.rooms.context import Context
from pipelines.store.files import ROW_GROUP, read_column_names
from pipelines.store.parts import list_files, stands_in_parts

# Gives the one row that a counting statement comes to.
AskCounts = Callable[[str], Mapping[str, object]]
_DELIVERED = "delivered_"
_WORD = re.compile(r"\w+")
FEW_ROWS = ROW_GROUP  # which one machine counts sooner than Spark has planned to
_BOOKS = {"intake": "snapshot_intake", "quarantine": "snapshot_quarantine"}


def ask_executors(context: Context, ask_here: AskCounts) -> AskCounts:
    """Return what has executors count what is large; all else is counted here."""
    large = {f"{_DELIVERED}{table}" for table in _list_large(context)}
    if not large:
        return ask_here
    _name_views(context)

    def ask(statement: str) -> Mapping[str, object]:
        if not large.isdisjoint(_WORD.findall(statement)):
            try:
                with _spreading(context.engine):
                    return _count_on_executors(context.engine, statement)
            except StorageError:
                context.progress("validate_counted_here")
        return ask_here(statement)

    return ask


def _list_large(context: Context) -> list[str]:
    """Name the delivered tables in parts that are worth a statement of Spark's."""
    large = []
    for table in load_contract():
        entry = context.find_entry(TableName(f"snapshot_{table}"))
        if entry is not None and entry.parts and (entry.rows or 0) > FEW_ROWS:
            large.append(table)
    return large


def _name_views(context: Context) -> None:
    """Give executors the gate's names: `delivered_<table>`, `previous_<table>`, the books."""
    with _spreading(context.engine):
        for table in load_contract():
            for name, select in _select_views(context, table):
                context.engine.view(name, select)
        for name, table in _BOOKS.items():
            if context.is_computed(table):
                context.engine.view(name, f"SELECT * FROM {table}")


def _select_views(context: Context, table: str) -> Iterator[tuple[str, str]]:
    """Yield the names of a delivered table and of last month's, each with its SELECT.

    Without last month's an empty one of the same columns.
    """
    accepted = f"snapshot_{table}"
    before = context.earlier.get("m1")
    nothing = None
    if context.is_computed(accepted):
        columns = _list_columns(context.path(accepted))
        select = f"SELECT {columns} FROM {accepted}"
        nothing = f"{select} WHERE FALSE"
        rejected = f"{accepted}_rejected"
        if context.is_computed(rejected):
            select += f" UNION ALL SELECT {columns} FROM {rejected}"
        yield f"{_DELIVERED}{table}", select
    if before is not None and before.is_computed(accepted):
        columns = _list_columns(before.table(accepted))
        yield f"previous_{table}", f"SELECT {columns} FROM m1.{accepted}"
    elif nothing is not None:
        yield f"previous_{table}", nothing


def _list_columns(path: Path) -> str:
    """The columns that a table has where it stands: a younger one is not there to be judged."""
    file = list_files(path)[0] if stands_in_parts(path) else path
    return quote_names(read_column_names(file))


def _count_on_executors(engine: DuckEngine, statement: str) -> Mapping[str, object]:
    """Have executors count; what comes back is whole numbers, in the gate's own type."""
    counts = dict.fromkeys(engine.types(statement), "BIGINT")
    sql = f"SELECT {write_casts(counts)} FROM ({statement}) AS counted"
    [row] = engine.rows(sql)
    return row


@contextmanager
def _spreading(engine: DuckEngine) -> Iterator[None]:
    """Let executors answer for a while."""
    engine.spreads = True
    try:
        yield
    finally:
        engine.spreads = False
