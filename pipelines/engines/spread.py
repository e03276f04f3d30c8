"""Spark for a month in parts: a statement that reads what grows is answered by executors.

The rooms run the statements they always run. One that names a table in parts, or a relation that
executors have kept, is worked out where the rows are; its rows stay in the scratch folder, in
Parquet, and both engines read them there. What code has made (the facts of lists, the places of
managers) is small: Spark is shown it when a statement names it. All else stays on the workbench.

A room opts in (`spreads`): its statements keep to the words that both engines have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from sqlglot import exp

from pipelines.catalogue.spec import TableName
from pipelines.core.quoting import scan_parquet, write_casts
from pipelines.engines.calls import call_on_executors, read_called
from pipelines.engines.duckdb import Answer, BatchMaker, Columns, Parameters, T
from pipelines.engines.executors import make_each, make_group_maker, make_rows_maker
from pipelines.engines.pieces import Pieces, count_pieces, read_pieces
from pipelines.engines.spark import (
    Bound,
    SparkEngine,
    keep_frame,
    name_failures,
    parse_select,
    without_pandas,
)
from pipelines.store.files import Written
from pipelines.store.parts import Parts, stands_in_parts
from pipelines.store.rows import TableRow

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_WORD = re.compile(r"\w+")


class SpreadEngine(SparkEngine):
    """Spark, and the embedded engine for what is small; `spreads` says whether a room opted in."""

    has_executors = True

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self._spread: set[str] = set()  # names whose rows executors read and write
        self._small: set[str] = set()  # relations of the workbench
        self._exported: dict[str, Path] = {}

    # -- what is spread ----------------------------------------------------------------------------

    def offer_table(self, table: TableName, path: Path) -> None:
        """Make a table readable under its name; one in parts is spread."""
        super().offer_table(table, path)
        self._note_place(table, path)

    def bind(self, table: TableName, path: Path) -> None:
        """Make a table readable under its name; one in parts is spread."""
        super().bind(table, path)
        self._note_place(table, path)

    def _note_place(self, table: TableName, path: Path) -> None:
        if stands_in_parts(path):
            self._spread.add(table.name)

    def reads_spread(self, sql: str) -> bool:
        """Say whether executors answer a statement."""
        if not self.spreads:
            return False
        words = _WORD.findall(sql)
        return not self._spread.isdisjoint(words)

    # -- the statements of a room ------------------------------------------------------------------

    def table(self, name: str, sql: str, parameters: Parameters | None = None) -> None:
        """Keep a result: in the scratch folder where executors work it out."""
        if not self.reads_spread(sql):
            super().table(name, sql, parameters)
            self._small.add(name)
            return
        types = self.types(sql, parameters)
        columns = _name_columns(types)
        folder = self._name_folder()
        with self.ask_spark(sql, parameters) as answered:
            rows = answered.select(*columns)
            keep_frame(rows, folder)
        self.take_spread(name, folder, types)

    def view(self, name: str, sql: str) -> None:
        """Name what a SELECT gives, worked out anew by executors where they read what it names.

        One with steps of its own is kept: what Spark keeps of these is gone when it is asked.
        """
        if self.reads_spread(sql) and _has_steps(sql):
            self.table(name, sql)
            return

        super().view(name, sql)
        if not self.reads_spread(sql):
            self._exported.pop(name, None)
            self._small.add(name)
            return
        with self.ask_spark(sql) as answered:
            answered.createOrReplaceTempView(name)
        self._spread.add(name)

    def stop_statements(self) -> None:
        """End what is at work, here and on executors."""
        super().stop_statements()
        if "_session" in vars(self):  # else nothing was ever asked of Spark
            with name_failures():
                self._session.sparkContext.cancelAllJobs()

    def register(self, name: str, rows: pa.Table) -> None:
        """Take an Arrow table in under a name."""
        super().register(name, rows)
        self._exported.pop(name, None)
        self._small.add(name)

    def bring(self, name: str, sql: str, parameters: Parameters | None = None) -> None:
        """Keep a small result on the workbench, whoever works it out."""
        answer = self._bring_answer(sql, parameters)
        super().table(name, answer.sql, answer.parameters)
        self._small.add(name)

    def answer(self, sql: str, parameters: Parameters | None = None) -> Answer:
        """Answer a SQL file's SELECT: where a room lets executors answer, where it is put."""
        if self.spreads:
            given = dict(parameters or {})
            return Answer(sql, given)
        return super().answer(sql, parameters)

    def _bring_answer(self, sql: str, parameters: Parameters | None) -> Answer:
        """Bring what executors answer within the workbench's reach; all else it answers itself."""
        if self.reads_spread(sql):
            return super().answer(sql, parameters)
        return Answer(sql, dict(parameters or {}))

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[TableRow]:
        """Return a small result; one that executors work out is collected, in its order."""
        if not self.reads_spread(sql):
            return super().rows(sql, parameters)
        types = self.types(sql, parameters)
        with self.ask_spark(sql, parameters) as answered:
            collected = answered.toArrow()
        casts = write_casts(types)
        self._connection.register("__collected", collected)
        try:
            return super().rows(f"SELECT {casts} FROM __collected")
        finally:
            self._connection.unregister("__collected")

    def write(
        self,
        sql: str,
        path: Path,
        order: Iterable[str],
        parameters: Parameters | None = None,
        parts: Parts | None = None,
        is_in_order: bool = False,
    ) -> Written:
        """Write a result; executors write the parts of one that they work out."""
        is_spread = self.reads_spread(sql)
        if is_spread and parts is not None:
            return self.write_answer(sql, path, order, parameters, parts)
        answer = self._bring_answer(sql, parameters)
        # What executors have answered lies in no order.
        is_in_order = is_in_order and not is_spread
        return super().write(
            answer.sql, path, order, answer.parameters, parts, is_in_order
        )

    def append(
        self, table: str, sql: str, parameters: Parameters | None = None
    ) -> None:
        """Add the rows of a SELECT, each value to the column of its name; sums, not customers."""
        answer = self._bring_answer(sql, parameters)
        super().append(table, answer.sql, answer.parameters)
        self._exported.pop(table, None)

    def refine(
        self, name: str, sql: str, each: str, parameters: Parameters | None = None
    ) -> None:
        """Keep what `each` makes of a result row by row; the workers do it, in DuckDB's words."""
        if not self.reads_spread(sql):
            super().refine(name, sql, each, parameters)
            return
        types = self.types(sql, parameters)
        columns = _name_columns(types)
        schema = self._find_refined(sql, each, parameters)
        make = make_each(types, each)
        with self.ask_spark(sql, parameters) as answered:
            rows = answered.select(*columns)
            self._map_frame(name, rows, make, schema)

    def _find_refined(
        self, sql: str, each: str, parameters: Parameters | None
    ) -> pa.Schema:
        """The columns that `each` makes of a result."""
        nothing = self.execute(f"SELECT * FROM ({sql}) LIMIT 0", parameters)
        answered = nothing.to_arrow_table()
        self._connection.register("answered", answered)
        refined = self.execute(each)
        schema = refined.to_arrow_table().schema
        self._connection.unregister("answered")
        return schema

    # -- rows that Python makes --------------------------------------------------------------------

    def map_rows(
        self,
        name: str,
        selects: Sequence[str],
        make: BatchMaker,
        schema: pa.Schema,
        rows: int,
    ) -> None:
        """Keep what a function makes of a result, batch by batch, on the workers.

        In which order they take the rows is theirs, and a result of theirs is one SELECT.
        """
        sql, *others = selects
        if others or not self.reads_spread(sql):
            super().map_rows(name, selects, make, schema, rows)
            return
        unordered = _leave_order_out(sql)
        with self.ask_spark(unordered) as answered:
            self._map_frame(name, answered, make, schema)

    def _map_frame(
        self, name: str, rows: DataFrame, make: BatchMaker, schema: pa.Schema
    ) -> None:
        """Keep what a function makes of the rows that Spark has."""
        folder = self._name_folder()
        columns = _name_spark_types(schema)
        make_task = make_rows_maker(make)
        with name_failures(), without_pandas():
            made = rows.mapInArrow(make_task, columns)
            keep_frame(made, folder)
        self._take_made(name, folder, schema)

    def map_groups(
        self,
        name: str,
        sql: str,
        by: str,
        make: Callable[[pa.Table], pa.Table],
        schema: pa.Schema,
    ) -> None:
        """Keep what a function makes of the rows of each group; a group fits a worker's memory."""
        if not self.reads_spread(sql):
            super().map_groups(name, sql, by, make, schema)
            return
        folder = self._name_folder()
        columns = _name_spark_types(schema)
        make_group = make_group_maker(make)
        with self.ask_spark(sql) as rows:
            groups = rows.groupBy(by)
            made = groups.applyInArrow(make_group, columns)
            keep_frame(made, folder)
        self._take_made(name, folder, schema)

    # -- what was delivered ------------------------------------------------------------------------

    def call_each(self, tasks: Sequence[Callable[[], T]], /) -> list[T]:
        """Have executors call functions, each by itself; what they return is small.

        Raise the error of ours that the first of them raises, StorageError where Spark fails.
        """
        folder = self._scratch.resolve()
        with name_failures(), without_pandas():
            called = call_on_executors(self._session, tasks, folder)
        return read_called(called)

    def is_spread(self, raw: str) -> bool:
        """Say whether executors read a delivered table: one of more than one piece."""
        return count_pieces(self._find_file(raw)) > 1

    def look_at(self, raw: str, sql: str, macros: Sequence[str] = ()) -> list[TableRow]:
        """Return what a SELECT about a delivered table gives, a piece at a time."""
        if not self.is_spread(raw):
            return super().look_at(raw, sql, macros)
        types = self.types(sql)
        folder = self._name_folder()
        self._read_pieces(raw, sql, macros, folder)
        select = f"SELECT {write_casts(types)} FROM {scan_parquet(folder)}"
        return super().rows(select)

    def read(self, name: str, raw: str, sql: str, macros: Sequence[str] = ()) -> None:
        """Keep what a SELECT makes of the rows of a delivered table, each by itself."""
        if not self.is_spread(raw):
            super().read(name, raw, sql, macros)
            return
        types = self.types(sql)
        folder = self._name_folder()
        self._read_pieces(raw, sql, macros, folder)
        self.take_spread(name, folder, types)

    def _read_pieces(
        self, raw: str, sql: str, macros: Sequence[str], folder: Path
    ) -> None:
        types = self.types(f"SELECT * FROM {raw}")
        pieces = Pieces(raw, self._find_file(raw), types, tuple(macros))
        with name_failures(), without_pandas():
            keep_frame(read_pieces(self._session, pieces, sql), folder)

    def drop(self, name: str) -> None:
        """Give up a table of this run, and what executors have kept of it."""
        if name not in self._spread:
            super().drop(name)
            return
        self.execute(f"DROP VIEW {name}")
        self._spread.remove(name)
        rmtree(self._find_file(name))
        del self._tables[name]

    def _find_file(self, raw: str) -> Path:
        """Where a table stands that executors read."""
        bound = self._tables[raw]
        assert isinstance(bound, Path)
        return bound

    @contextmanager
    def ask_spark(
        self, sql: str, parameters: Parameters | None = None
    ) -> Iterator[DataFrame]:
        """Give what a SELECT answers, worked out once somebody asks for its rows.

        Raise StorageError when Spark fails.
        """
        self._count += 1
        tree = parse_select(sql)
        with (
            name_failures(),
            without_pandas(),
            self._answer_tree(tree, parameters or {}) as rows,
        ):
            yield rows

    def take_spread(self, name: str, folder: Path, types: Columns) -> None:
        """Make what executors have kept readable under a name, in the types given."""
        casts = write_casts(types)
        kept = scan_parquet(folder)
        self.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {casts} FROM {kept}")
        self._tables[name] = folder
        self._spread.add(name)

    def _take_made(self, name: str, folder: Path, schema: pa.Schema) -> None:
        """Make what Python has made readable under a name."""
        empty = schema.empty_table()
        nothing = self._connection.from_arrow(empty)
        types = {}
        for column, kind in zip(nothing.columns, nothing.types, strict=True):
            types[column] = str(kind)
        self.take_spread(name, folder, types)

    # -- what Spark is shown -----------------------------------------------------------------------

    def _find_bound(self, name: str) -> Bound | None:
        """What stands under a name; a small relation is written for Spark once it is named."""
        if name in self._small and name not in self._spread:
            return self._export(name)
        return super()._find_bound(name)

    def _export(self, name: str) -> Path:
        """Write a relation of the workbench for Spark."""
        known = self._exported.get(name)
        if known is not None:
            return known
        self._count += 1
        path = self._open_kept() / f"small_{self._count}.parquet"
        kept = super().execute(f"SELECT * FROM {name}")
        rows = kept.to_arrow_table()
        pq.write_table(rows, path)
        self._exported[name] = path
        return path


def _name_columns(types: Columns) -> list[str]:
    """Columns as Spark is told them: what it needs to choose rows by is left out."""
    return [f"`{name}`" for name in types]


def _has_steps(sql: str) -> bool:
    """Whether a SELECT has a WITH."""
    return parse_select(sql).find(exp.With) is not None


def _leave_order_out(sql: str) -> str:
    """A SELECT without the order of its rows."""
    tree = parse_select(sql)
    tree.set("order", None)
    return tree.sql("duckdb")


def _name_spark_types(schema: pa.Schema) -> str:
    """The columns of a schema in Spark's words."""
    from pyspark.sql.pandas.types import from_arrow_schema

    columns = []
    for field in from_arrow_schema(schema, prefer_timestamp_ntz=True):
        kind = field.dataType.simpleString()
        columns.append(f"`{field.name}` {kind}")
    return ", ".join(columns)
