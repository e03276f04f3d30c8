"""Spark: the engine beyond one machine. It answers the SELECTs of our SQL files.

All else stays on the workbench.

A room works on its own small tables in the embedded engine (decisions, documents, single rows).
What grows with the number of customers stands in `sql/`, one SELECT a file, and that is what Spark
answers: Parquet in, Parquet out, in folders that every worker sees under the same path.
"""

from __future__ import annotations

import re
import sys
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pyarrow as pa
import sqlglot
from sqlglot import exp

from pipelines.catalogue.spec import TableName
from pipelines.core.errors import StorageError
from pipelines.core.quoting import scan_parquet, write_casts
from pipelines.engines.duckdb import (
    Answer,
    Columns,
    DuckEngine,
    Parameters,
    find_younger_columns,
    select_nothing,
)
from pipelines.engines.executors import (
    WRITTEN_COLUMNS,
    FolderUnseen,
    WorkerDiffers,
    make_part_writer,
    make_rows_keeper,
)
from pipelines.store.files import Written, write_parquet
from pipelines.store.parts import PART, Parts, WrittenPart, complete_parts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

WAIT_SECONDS = (
    300  # for a worker; one that another run has may take so long to come free
)
# What a worker says of itself, by the key of our error: a text of ours, in a traceback's middle.
_TOLD_BY_WORKER = {
    "storage.spark": re.compile(rf"\b{WorkerDiffers.__name__}: (.+)"),
    "storage.spark_unseen": re.compile(rf"\b{FolderUnseen.__name__}: (.+)"),
}
# What Spark or its JVM says in words that hold sizes and settings, and nobody's data.
_SAID_BY_SPARK = re.compile(
    r"Total size of serialized results [^\n]*?maxResultSize \([^)]*\)"
    r"|Java heap space|GC overhead limit exceeded|No space left on device"
)
_LOGGING = Path(__file__).with_name("log4j2.properties")
# Spark makes classes of each statement of a month. A JVM that has no room left for compiled code
# compiles no more, and ends once it finds none for a new class. It takes only what it uses.
_CODE_CACHE = "-XX:ReservedCodeCacheSize=512m"
# What DuckDB does by itself and Spark when told; and no page that listens, no bar over ours.
_SETTINGS: dict[str, bool | float | int | str | None] = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    # What every worker is given whole goes through the driver first, unpacked.
    "spark.sql.autoBroadcastJoinThreshold": "1m",
    "spark.sql.jsonGenerator.ignoreNullFields": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.extraJavaOptions": (
        f"-Dlog4j2.configurationFile={_LOGGING.as_uri()} {_CODE_CACHE}"
    ),
    "spark.executor.extraJavaOptions": _CODE_CACHE,
}


Bound = Path | Columns  # a table's file, or the columns of an empty one


class SparkEngine(DuckEngine):
    """The embedded engine as workbench, and Spark, started when first used, for SQL files."""

    works_side_by_side = False

    def __init__(
        self,
        scratch: Path,
        folders: Sequence[Path],
        memory_limit: str,
        threads: int,
        master: str,
    ) -> None:
        super().__init__(scratch, folders, memory_limit, threads)
        self._wanted = (master, memory_limit, threads)
        self._kept = scratch.resolve() / "kept"
        if self._kept.exists():  # a run ended in the middle of this room
            rmtree(self._kept)
        self._tables: dict[str, Bound] = {}
        self._shown: dict[str, Bound] = {}
        self._count = 0

    @cached_property
    def _session(self) -> SparkSession:
        """Spark, with temporary tables of this engine's own."""
        with without_pandas():
            return _start_session(*self._wanted).newSession()

    def offer_table(self, table: TableName, path: Path) -> None:
        """Make a Parquet file readable under a table's name, by both, once it is named."""
        super().offer_table(table, path)
        self._tables[_flatten_name(table)] = path.resolve()

    def bind(self, table: TableName, path: Path) -> None:
        """Make a Parquet file readable under a table's name, by both."""
        super().bind(table, path)
        self._tables[_flatten_name(table)] = path.resolve()

    def bind_empty(self, table: TableName, columns: Columns) -> None:
        """Put an empty table of those columns where a missing one may be tolerated, for both."""
        super().bind_empty(table, columns)
        self._tables[_flatten_name(table)] = columns

    def answer(self, sql: str, parameters: Parameters | None = None) -> Answer:
        """Have Spark answer a SELECT into the scratch folder.

        The columns have the types the embedded engine gives.

        Raise StorageError when Spark fails.
        """
        types = self.types(sql, parameters)

        folder = self._name_folder()
        tree = parse_select(sql)
        with (
            name_failures(),
            without_pandas(),
            self._answer_tree(tree, parameters or {}) as rows,
        ):
            keep_frame(rows, folder)

        select = f"SELECT {write_casts(types)} FROM {scan_parquet(folder)}"
        return Answer(select, {})

    def write_answer(
        self,
        sql: str,
        path: Path,
        order: Iterable[str],
        parameters: Parameters | None = None,
        parts: Parts | None = None,
    ) -> Written:
        """Answer a SQL file's SELECT; a table in parts is written by Spark's executors.

        Its rows never come here: what comes is the name, the rows and the hash of each part.
        """
        if parts is None:
            return super().write_answer(sql, path, order, parameters)

        nothing = self.execute(f"SELECT * FROM ({sql}) LIMIT 0", parameters)
        schema = nothing.to_arrow_table().schema
        tree = parse_select(parts.mark_sql(sql))
        write_task = make_part_writer(path.resolve(), self.types(sql, parameters))
        path.mkdir(mode=0o700, exist_ok=True)
        with (
            name_failures(),
            without_pandas(),
            self._answer_tree(tree, parameters or {}) as rows,
        ):
            spread = _spread_parts(rows, parts)
            told = spread.mapInArrow(write_task, WRITTEN_COLUMNS).collect()
        written = [WrittenPart(row.name, row.rows, row.sha256) for row in told]
        return complete_parts(path, schema, parts, written)

    @contextmanager
    def _answer_tree(
        self, tree: exp.Expr, parameters: Parameters
    ) -> Iterator[DataFrame]:
        """Give what a SELECT answers, worked out once somebody asks for its rows."""
        for table in tuple(tree.find_all(exp.Table)):
            name = _flatten_name(TableName(table.name, table.db))
            bound = self._find_bound(name)
            if bound is not None:
                self._show_table(name, bound)
                shown = exp.to_table(name, alias=table.alias or table.name)
                table.replace(shown)

        outermost = [
            steps
            for steps in tree.find_all(exp.With)
            if steps.find_ancestor(exp.With) is None
        ]
        with TemporaryDirectory(prefix="steps_", dir=self._open_kept()) as kept:
            for steps in outermost:
                self._set_steps_apart(steps, parameters, Path(kept))
            yield self._ask(tree, parameters)

    def _set_steps_apart(
        self, steps: exp.With, parameters: Parameters, kept: Path
    ) -> None:
        """Make each step of a WITH a view; one that more than one reads is kept there first.

        Spark writes a step out wherever it is named: steps that name steps twice, three deep, are
        worked out eight times, and planned as often. One that it holds in memory is planned and
        described as often all the same.
        """
        owner = steps.parent
        steps.pop()
        readers = [*steps.expressions, owner]
        for step in steps.expressions:
            rows = self._ask(step.this, parameters)
            naming = [
                table for reader in readers for table in _find_named(reader, step.alias)
            ]
            self._count += 1
            view = f"step_{self._count}_{step.alias}"
            if len(naming) > 1:
                keep_frame(rows, kept / view)
                rows = self._session.read.parquet(str(kept / view))
            rows.createOrReplaceTempView(view)
            for table in naming:
                table.replace(exp.to_table(view, alias=table.alias or table.name))

    def _ask(self, tree: exp.Expr, parameters: Parameters) -> DataFrame:
        """Hand a SELECT to Spark with those of the parameters that it names."""
        named = {placeholder.name for placeholder in tree.find_all(exp.Placeholder)}
        given = {}
        for name, value in parameters.items():
            if name in named:
                given[name] = value
        sql = tree.sql(dialect="spark")
        return self._session.sql(sql, args=given)

    def _open_kept(self) -> Path:
        """The folder of what is kept until the room ends, with its scratch folder."""
        self._kept.mkdir(exist_ok=True, mode=0o700)
        return self._kept

    def _name_folder(self) -> Path:
        """A folder, not there yet, for another result."""
        self._count += 1
        return self._open_kept() / f"result_{self._count}"

    def _find_bound(self, name: str) -> Bound | None:
        """What stands under a name, in one word; None for the name of a step."""
        return self._tables.get(name)

    def _show_table(self, name: str, table: Bound) -> None:
        """Make a bound table readable in Spark."""
        if self._shown.get(name) is table:
            return

        if isinstance(table, Path):
            rows = self._session.read.parquet(str(table))
            rows = rows.selectExpr("*", *_write_younger_columns(name, rows.columns))
        else:
            nothing = sqlglot.transpile(
                select_nothing(table), read="duckdb", write="spark"
            )[0]
            rows = self._session.sql(nothing)

        rows.createOrReplaceTempView(name)
        self._shown[name] = table


def parse_select(sql: str) -> exp.Expr:
    """Parse a SELECT in the words of the embedded engine."""
    # The line's end keeps sqlglot from taking `$name … ''` for a text in dollars, cut short.
    return sqlglot.parse_one(f"{sql}\n", read="duckdb")


def keep_frame(rows: DataFrame, folder: Path) -> None:
    """Have the workers keep rows in a folder of the home, a file a task; what comes back is told.

    Raise StorageError for a file that a worker has written and this machine does not see: Spark's
    own writer would leave its rows out and say nothing.
    """
    from pyspark.sql.pandas.types import to_arrow_schema

    folder.mkdir(mode=0o700)
    keep_task = make_rows_keeper(folder)
    told = rows.mapInArrow(keep_task, WRITTEN_COLUMNS).collect()
    for row in told:
        path = folder / f"{row.name}.parquet"
        if not path.is_file():
            why = f"this machine does not see {path}"
            raise StorageError("storage.spark_unseen", why=why)
    if not told:
        schema = to_arrow_schema(rows.schema)
        nothing = pa.RecordBatchReader.from_batches(schema, [])
        write_parquet(folder / "none.parquet", nothing)


def _spread_parts(rows: DataFrame, parts: Parts) -> DataFrame:
    """All rows of a part to one task, in the order in which the embedded engine writes them."""
    from pyspark.sql.functions import col

    order = []
    for name, is_descending in parts.ordered:
        column = col(f"`{name}`")
        way = column.desc_nulls_last if is_descending else column.asc_nulls_last
        order.append(way())
    spread = rows.repartition(parts.count, PART)
    return spread.sortWithinPartitions(PART, *order)


def _flatten_name(table: TableName) -> str:
    """A table's name in one word: Spark has no schemas but those of a catalogue."""
    return f"{table.era}__{table.name}" if table.era else table.name


def _find_named(tree: exp.Expr, step: str) -> list[exp.Table]:
    """Where a statement reads a step of a WITH."""
    return [
        table
        for table in tree.find_all(exp.Table)
        if (table.name, table.db) == (step, "")
    ]


def _write_younger_columns(name: str, there: Iterable[str]) -> list[str]:
    """Spark's SQL for the columns that an earlier month's table is older than, all empty."""
    era, _, table = name.rpartition("__")
    if not era:
        return []
    columns = []
    for column, kind in find_younger_columns(table, there).items():
        spark_type = exp.DataType.build(kind, dialect="duckdb").sql("spark")
        columns.append(f"CAST(NULL AS {spark_type}) AS `{column}`")
    return columns


@cache
def _start_session(master: str, memory: str, threads: int) -> SparkSession:
    """Start Spark, once a process.

    Its executors have the memory that the embedded engine would have.
    """
    from pyspark.sql import SparkSession  # an extra, and of no use to most

    builder = (
        SparkSession.builder.appName("retention").master(master).config(map=_SETTINGS)
    )
    limit = memory.lower().removesuffix("b")
    for part in ("driver", "executor"):
        builder = builder.config(f"spark.{part}.memory", limit)
    if not master.startswith("local"):
        return _wait_for_worker(_start_here(builder))

    builder = builder.config("spark.driver.bindAddress", "127.0.0.1")
    builder = builder.config("spark.driver.host", "127.0.0.1")
    builder = builder.config("spark.sql.shuffle.partitions", str(threads))
    return _start_here(builder)


def _start_here(builder: SparkSession.Builder) -> SparkSession:
    """Start Spark; its workers run this Python, under this path, with what it has installed."""
    session = builder.getOrCreate()
    session.sparkContext.pythonExec = sys.executable
    return session


def _wait_for_worker(session: SparkSession) -> SparkSession:
    """Wait until a worker is there: a job without one would wait for ever and say nothing."""
    end = time.monotonic() + WAIT_SECONDS
    context = session.sparkContext._jsc.sc()
    # The driver counts as one.
    while context.getExecutorMemoryStatus().size() < 2:
        if time.monotonic() > end:
            session.stop()
            raise TimeoutError(f"no worker in {WAIT_SECONDS} s")
        time.sleep(0.5)
    return session


@contextmanager
def without_pandas() -> Iterator[None]:
    """Leave unsaid what PySpark has to say of a pandas that we have it do nothing with."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "PySpark does not yet fully support pandas", FutureWarning
        )
        yield


@contextmanager
def name_failures() -> Iterator[None]:
    """Say in our words that Spark failed.

    Its own may hold a customer's data, the name of its condition does not.
    """
    try:
        yield
    except StorageError:  # told already
        raise
    except (
        Exception
    ) as error:  # Python, py4j, the analyser and executors have no base in common
        said = str(error)
        for key, form in _TOLD_BY_WORKER.items():
            told = form.search(said)
            if told:
                raise StorageError(key, why=told[1]) from error
        raise StorageError("storage.spark", why=_outline_failure(error)) from error


def _outline_failure(error: Exception) -> str:
    """What failed: the name of a condition, a text that holds no data, or the kind of the error."""
    told = _SAID_BY_SPARK.search(str(error))
    if told:
        return told[0]
    condition = getattr(error, "getCondition", lambda: None)()
    if condition:
        return str(condition)
    if isinstance(error, ImportError | TimeoutError):
        return str(error)
    java = getattr(error, "java_exception", None)
    if java is None:
        return type(error).__name__
    return str(java.getClass().getSimpleName())
