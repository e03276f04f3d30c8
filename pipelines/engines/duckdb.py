"""DuckDB: the embedded engine. In memory, spilling into the run's own folder.

Parquet in, Parquet out.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

import duckdb
import pyarrow as pa

from pipelines.catalogue.spec import EARLIER, Spec, TableName
from pipelines.catalogue.tables import find_table
from pipelines.core.errors import StorageError
from pipelines.core.quoting import quote_name, quote_text, scan_parquet
from pipelines.store.files import Written, read_column_names, write_parquet
from pipelines.store.parts import (
    Parts,
    check_stored,
    complete_parts,
    leave_part_out,
    list_files,
    stands_in_parts,
    write_parts,
)
from pipelines.store.rows import TableRow
from pipelines.store.torn import check_table

BATCH_ROWS = 122_880
_WORD = re.compile(r"\w+")
# What a room kept for itself, by what it is to the engine.
_KEPT = {
    "TABLE": """
        SELECT table_name AS name
        FROM duckdb_tables()
        WHERE temporary AND NOT internal
    """,
    "VIEW": """
        SELECT view_name AS name
        FROM duckdb_views()
        WHERE temporary AND NOT internal
    """,
}
_KIND = duckdb.StatementType
# What the engine is sent. None of these writes a file, reads another or changes a setting: that
# is COPY, EXPORT, ATTACH, LOAD and SET, and a folder that may be read may be copied into.
_SENT = frozenset({_KIND.SELECT, _KIND.CREATE, _KIND.INSERT, _KIND.UPDATE, _KIND.DROP})

T = TypeVar("T")
MakeBatch = Callable[[pa.RecordBatch], pa.Table]
# Gives, where the work is done, what each batch of a result goes through to become other rows.
BatchMaker = Callable[[], MakeBatch]
Parameters = Mapping[str, object]  # the values of a statement's `$parameters`, by name
Columns = Mapping[str, str]  # the SQL type of each column, by name


class Answer(NamedTuple):
    """What a SELECT gives: SQL to put into a larger statement, with its `$parameters`."""

    sql: str
    parameters: dict[str, object]


class DuckEngine:
    """One private in-memory database. Tables are views on Parquet files.

    Files outside `folders` cannot be read.

    It writes no file but what spills: results leave as Arrow, and `write_parquet` alone puts them
    where they belong.
    """

    # Whether the room at work lets executors answer what it keeps, where there are executors.
    spreads = False
    # Whether there are executors.
    has_executors = False
    # Whether a statement may be at work while another is (`open_beside`).
    works_side_by_side = True

    def __init__(
        self, scratch: Path, folders: Sequence[Path], memory_limit: str, threads: int
    ) -> None:
        scratch.mkdir(
            parents=True, exist_ok=True, mode=0o700
        )  # what spills may name people
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": threads,
            "temp_directory": str(scratch),
        }
        self._connection = duckdb.connect(":memory:", config=config)

        self._connection.execute("SET TimeZone = 'UTC'")
        self._allow_folders([scratch, *folders])
        # A table that is not there is an error, never a variable of ours that has its name.
        self._connection.execute("SET python_enable_replacements = false")
        self._connection.execute("SET lock_configuration = true")

        self._scratch = scratch
        self._binding = threading.RLock()  # who makes a table readable, or finds it so
        self._offered: dict[str, dict[str, Path]] = {}
        self._places: dict[TableName, Path] = {}
        for era in EARLIER:
            self._connection.execute(f"CREATE SCHEMA {era}")

    def _allow_folders(self, folders: Sequence[Path]) -> None:
        """Take the right to read and write files anywhere else, for good."""
        quoted = []
        for folder in folders:
            path = str(folder.resolve())
            quoted.append(quote_text(path))
        allowed = ", ".join(quoted)
        self._connection.execute(f"SET allowed_directories = [{allowed}]")
        self._connection.execute("SET enable_external_access = false")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def open_beside(self) -> Self:
        """Open the same database for another thread.

        What is readable here is so there, at any time; what a room keeps for itself is not.
        """
        beside = copy(self)
        beside._connection = self._connection.cursor()
        return beside

    def offer_table(self, table: TableName, path: Path) -> None:
        """Make a table that stands somewhere readable under its name, once a statement names it.

        A month may read four hundred tables of itself and of earlier months; a room reads a few.
        Raise StorageError naming a file that is gone or cut off; of parts, one that is gone.
        """
        self._places[table] = path
        if stands_in_parts(path):
            list_files(path)
        else:
            check_table(path)
        with self._binding:
            self._offered.setdefault(table.name, {})[table.era] = path

    def offers(self, table: TableName, path: Path) -> bool:
        """Say whether a table is readable that stands there, as an earlier room made it so."""
        return self._places.get(table) == path

    def begin_room(self) -> None:
        """Be ready for another room, which may spill where the one before it did."""
        self._scratch.mkdir(parents=True, exist_ok=True, mode=0o700)

    def end_room(self) -> None:
        """Give up what a room kept: the tables that are readable stay so for the next."""
        for kind, sql in _KEPT.items():
            for row in self.rows(sql):
                name = quote_name(row["name"])
                self.execute(f"DROP {kind} {name}")

    def _bind_named(self, sql: str) -> None:
        """Bind the tables on offer that a statement may name; one that it does not does no harm."""
        words = set(_WORD.findall(sql))
        with self._binding:
            named = words & self._offered.keys()
            for name in named:
                eras = tuple(self._offered[name].items())
                for era, path in eras:
                    if not era or era in words:
                        self.bind(TableName(name, era), path)

    def _withdraw_offer(self, table: TableName) -> None:
        """Take a table off offer: it is bound, to whatever it is."""
        eras = self._offered.get(table.name, {})
        eras.pop(table.era, None)
        if not eras:
            self._offered.pop(table.name, None)

    def bind(self, table: TableName, path: Path) -> None:
        """Make a table that stands somewhere, a file or in parts, readable under its name.

        An earlier month's may be older than a column that the table declares: it is NULL there.
        Raise StorageError naming a file of it that is gone or cut off.
        """
        with self._binding:
            self._withdraw_offer(table)
            whole = check_stored(path)
            stored = scan_parquet(whole.resolve())
            select = f"SELECT * FROM {stored}"
            if table.era:
                select = _add_younger_columns(table.name, path, select)
            self.execute(f"CREATE OR REPLACE VIEW {table} AS {select}")

    def bind_empty(self, table: TableName, columns: Columns) -> None:
        """Put an empty table of those columns (name → SQL type) where one is missing."""
        nothing = select_nothing(columns)
        with self._binding:
            self._withdraw_offer(table)
            self._places.pop(table, None)
            self.execute(f"CREATE OR REPLACE VIEW {table} AS {nothing}")

    def answer(self, sql: str, parameters: Parameters | None = None) -> Answer:
        """Answer a SQL file's SELECT: here it is its own answer, worked out where it is put."""
        return Answer(sql, dict(parameters or {}))

    def types(self, sql: str, parameters: Parameters | None = None) -> dict[str, str]:
        """The columns that a SELECT gives, and their SQL types."""
        nothing = self.execute(f"SELECT * FROM ({sql}) LIMIT 0", parameters)
        return _list_types(nothing)

    def call_each(self, tasks: Sequence[Callable[[], T]], /) -> list[T]:
        """Call functions, each by itself, and return what they return, in their order."""
        return [task() for task in tasks]

    def is_spread(self, raw: str) -> bool:
        """Say whether executors read a delivered table: there are none here."""
        return False

    def look_at(self, raw: str, sql: str, macros: Sequence[str] = ()) -> list[TableRow]:
        """Return what a SELECT about a delivered table gives: of each piece of it, here of all.

        `macros` are those of ours that it names.
        """
        return self.rows(sql)

    def read(self, name: str, raw: str, sql: str, macros: Sequence[str] = ()) -> None:
        """Keep what a SELECT makes of the rows of a delivered table, each by itself."""
        self.table(name, sql)

    def drop(self, name: str) -> None:
        """Give up a table of this run."""
        self.execute(f"DROP TABLE {name}")

    def execute(
        self, sql: str, parameters: Parameters | None = None
    ) -> duckdb.DuckDBPyConnection:
        """Run one statement with named `$parameters`.

        Raise StorageError for more than one, or one of a kind not sent.
        """
        self._bind_named(sql)
        statements = self._connection.extract_statements(sql)

        if len(statements) != 1 or statements[0].type not in _SENT:
            names = [statement.type.name for statement in statements]
            kinds = ", ".join(names)
            raise StorageError("storage.statement", kinds=kinds or "-")

        return self._connection.execute(statements[0], dict(parameters or {}))

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[TableRow]:
        """Return a small result as a list of dicts."""
        result = self.execute(sql, parameters).to_arrow_table()
        rows: list[TableRow] = result.to_pylist()
        return rows

    def table(self, name: str, sql: str, parameters: Parameters | None = None) -> None:
        """Keep a result as a table of this run."""
        self.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}", parameters)

    def view(self, name: str, sql: str) -> None:
        """Name what a SELECT gives, to be worked out anew by whoever asks for it."""
        self.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")

    def stop_statements(self) -> None:
        """End what is at work, whichever thread asked for it."""
        self._connection.interrupt()

    def reads_spread(self, sql: str) -> bool:
        """Say whether executors answer a statement: there are none here."""
        return False

    def bring(self, name: str, sql: str, parameters: Parameters | None = None) -> None:
        """Keep a small result as a table of this run, whoever works it out."""
        self.table(name, sql, parameters)

    def append(
        self, table: str, sql: str, parameters: Parameters | None = None
    ) -> None:
        """Add the rows of a SELECT to a table of this run, each value to the column of its name."""
        self.execute(f"INSERT INTO {table} BY NAME {sql}", parameters)

    def refine(
        self, name: str, sql: str, each: str, parameters: Parameters | None = None
    ) -> None:
        """Keep what `each`, a SELECT of every row of `answered` by itself, makes of a result."""
        self.table(name, f"WITH answered AS ({sql}) {each}", parameters)

    def map_rows(
        self,
        name: str,
        selects: Sequence[str],
        make: BatchMaker,
        schema: pa.Schema,
        rows: int,
    ) -> None:
        """Keep what a function makes of results, one after the other, so many rows at a time.

        `make` returns what each batch goes through; no result is ever in memory.
        """
        import pyarrow.parquet as pq

        make_batch = make()
        path = self._scratch / f"{name}.parquet"
        with pq.ParquetWriter(path, schema) as writer:
            for sql in selects:
                batches = self.execute(sql).to_arrow_reader(rows)
                for batch in batches:
                    if not batch.num_rows:
                        continue
                    made = make_batch(batch)
                    writer.write_table(made)
        self.bind(TableName(name), path)

    def map_groups(
        self,
        name: str,
        sql: str,
        by: str,
        make: Callable[[pa.Table], pa.Table],
        schema: pa.Schema,
    ) -> None:
        """Keep what a function makes of the rows of each group of a result, one by one."""
        ordered = self.execute(f"SELECT * FROM ({sql}) ORDER BY {by}")
        rows = ordered.to_arrow_table()
        made = [schema.empty_table()]
        for start, count in _find_runs(rows.column(by)):
            made.append(make(rows.slice(start, count)))
        every = pa.concat_tables(made)
        self.register(name, every)

    def register(self, name: str, rows: pa.Table) -> None:
        """Take an Arrow table in under a name, as a table of this run."""
        self._connection.register("__incoming", rows)
        self.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM __incoming")
        self._connection.unregister("__incoming")

    def write(
        self,
        sql: str,
        path: Path,
        order: Iterable[str],
        parameters: Parameters | None = None,
        parts: Parts | None = None,
        is_in_order: bool = False,
    ) -> Written:
        """Write a result as Parquet, ordered so that the same rows give the same bytes.

        It becomes the file at `path`, or the folder of its parts. `is_in_order` says that the
        SELECT gives its rows in that order by itself.
        """
        if parts is not None:
            return self._write_parts(sql, path, parts, parameters)
        ordered = f"SELECT * FROM ({sql})"
        if not is_in_order:
            terms = ", ".join(order)
            ordered += f" ORDER BY {terms}"
        result = self.execute(ordered, parameters)
        types = _list_types(result)
        written = write_parquet(path, result.to_arrow_reader(BATCH_ROWS))
        return replace(written, types=types)

    def write_answer(
        self,
        sql: str,
        path: Path,
        order: Iterable[str],
        parameters: Parameters | None = None,
        parts: Parts | None = None,
    ) -> Written:
        """Answer a SQL file's SELECT and write what it gives, as `write` does."""
        answer = self.answer(sql, parameters)
        return self.write(answer.sql, path, order, answer.parameters, parts)

    def _write_parts(
        self, sql: str, folder: Path, parts: Parts, parameters: Parameters | None
    ) -> Written:
        """Write a result in parts."""
        result = self.execute(parts.order_sql(sql), parameters)
        batches = result.to_arrow_reader(BATCH_ROWS)
        schema = leave_part_out(batches.schema)
        written = write_parts(folder, batches)
        return complete_parts(folder, schema, parts, written)


def _find_runs(ordered: pa.ChunkedArray) -> Iterator[tuple[int, int]]:
    """Yield where each run of one value begins, and how long it is."""
    import pyarrow.compute as pc

    start = 0
    ends = pc.run_end_encode(ordered.combine_chunks(), run_end_type=pa.int64()).run_ends
    for end in ends.to_pylist():
        yield start, end - start
        start = end


def _list_types(result: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The columns of an answer, and their SQL types."""
    return {name: str(kind) for name, kind, *_ in result.description}


def _add_younger_columns(table: str, path: Path, select: str) -> str:
    """A SELECT with the columns that its table declares by now, empty where it lacks them."""
    younger = find_younger_columns(table, read_column_names(list_files(path)[0]))
    if not younger:
        return select
    return f"{select} UNION ALL BY NAME {select_nothing(younger)}"


def find_younger_columns(table: str, there: Iterable[str]) -> dict[str, str]:
    """Return the columns (name → SQL type) that a table declares and an older file of it lacks."""
    declared = find_table(table)
    if declared is None or declared.is_open:
        return {}
    known = set(there)
    return {name: kind for name, kind in declared.types.items() if name not in known}


def select_nothing(columns: Columns) -> str:
    """Return a SELECT of no rows with those columns (name → SQL type)."""
    nulls = []
    for name, kind in columns.items():
        quoted = quote_name(name)
        nulls.append(f"CAST(NULL AS {kind}) AS {quoted}")
    listed = ", ".join(nulls)
    return f"SELECT {listed} WHERE FALSE"


def write_native_sql(spec: Spec) -> str:
    """Return a SQL file's SELECT in DuckDB's own words (`:month` becomes `$month`)."""
    return spec.native_sql
