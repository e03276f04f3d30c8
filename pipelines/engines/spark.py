"""Spark: the engine beyond one machine. It answers the SELECTs of our SQL files; all else stays on the workbench.

A room works on its own small tables in the embedded engine (decisions, documents, single rows). What grows with the
number of customers stands in `sql/`, one SELECT a file, and that is what Spark answers: Parquet in, Parquet out, in
folders that every worker sees under the same path.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from pipelines.catalogue.spec import TableName
from pipelines.core.errors import StorageError
from pipelines.core.quoting import quote_name, scan_parquet
from pipelines.engines.duckdb import Answer, DuckEngine, nothing_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

WAIT_SECONDS = 300  # for a worker; one that another run has may take so long to come free
_LOGGING = Path(__file__).with_name("log4j2.properties")
# What DuckDB does by itself and Spark when told; and no page that listens, no bar over ours.
_SETTINGS: dict[str, bool | float | int | str | None] = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={_LOGGING.as_uri()}",
}


class SparkEngine(DuckEngine):
    """The embedded engine as workbench, with Spark, started when it is first asked, answering the SELECTs of SQL files."""

    def __init__(
        self, scratch: Path, folders: Sequence[Path], memory_limit: str, threads: int, master: str
    ) -> None:
        super().__init__(scratch, folders, memory_limit, threads)
        self._wanted = (master, memory_limit, threads)
        self._scratch = scratch
        self._tables: dict[str, Path | Mapping[str, str]] = {}
        self._shown: dict[str, Path | Mapping[str, str]] = {}
        self._count = 0

    @cached_property
    def _session(self) -> SparkSession:
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", "PySpark does not yet fully support pandas", FutureWarning
            )
            return _start(*self._wanted).newSession()

    def bind(self, table: TableName, path: Path) -> None:
        """Make a Parquet file readable under a table's name, by both."""
        super().bind(table, path)
        self._tables[_flat(table)] = path.resolve()

    def bind_empty(self, table: TableName, columns: Mapping[str, str]) -> None:
        """Put an empty table of those columns where a missing one may be tolerated, for both."""
        super().bind_empty(table, columns)
        self._tables[_flat(table)] = columns

    def answer(self, sql: str, parameters: Mapping[str, object] | None = None) -> Answer:
        """Have Spark answer a SELECT into the scratch folder; the columns have the types the embedded engine gives.

        Raise StorageError when Spark fails.
        """
        types = self.types(sql, parameters)
        self._count += 1
        folder = self._scratch.resolve() / f"answer_{self._count}"
        with _told():
            self._ask(sqlglot.parse_one(sql, read="duckdb"), parameters or {}, folder)
        quoted = {quote_name(name): kind for name, kind in types.items()}
        columns = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in quoted.items())
        return Answer(f"SELECT {columns} FROM {scan_parquet(folder / '*.parquet')}", {})

    def _ask(self, tree: exp.Expr, parameters: Mapping[str, object], folder: Path) -> None:
        for table in list(tree.find_all(exp.Table)):
            name = _flat(TableName(table.name, table.db))
            if name in self._tables:
                self._show(name)
                table.replace(exp.to_table(name, alias=table.alias or table.name))
        named = {p.name for p in tree.find_all(exp.Placeholder)}
        given = {name: value for name, value in parameters.items() if name in named}
        answer = self._session.sql(tree.sql(dialect="spark"), args=given)
        answer.write.parquet(str(folder))

    def _show(self, name: str) -> None:
        """Make a bound table readable in Spark."""
        table = self._tables[name]
        if self._shown.get(name) is table:
            return
        if isinstance(table, Path):
            rows = self._session.read.parquet(str(table))
        else:
            rows = self._session.sql(
                sqlglot.transpile(nothing_of(table), read="duckdb", write="spark")[0]
            )
        rows.createOrReplaceTempView(name)
        self._shown[name] = table


def _flat(table: TableName) -> str:
    """A table's name in one word: Spark has no schemas but those of a catalogue."""
    return f"{table.era}__{table.name}" if table.era else table.name


@cache
def _start(master: str, memory: str, threads: int) -> SparkSession:
    """Start Spark, once a process; its executors have the memory that the embedded engine would have."""
    from pyspark.sql import SparkSession  # an extra, and of no use to most

    builder = SparkSession.builder.appName("retention").master(master).config(map=_SETTINGS)
    for part in ("driver", "executor"):
        builder = builder.config(f"spark.{part}.memory", memory.lower().removesuffix("b"))
    if master.startswith("local"):
        builder = builder.config("spark.driver.bindAddress", "127.0.0.1").config(
            "spark.driver.host", "127.0.0.1"
        )
        return builder.config("spark.sql.shuffle.partitions", str(threads)).getOrCreate()
    return _with_a_worker(builder.getOrCreate())


def _with_a_worker(session: SparkSession) -> SparkSession:
    """Wait until a worker is there: a job without one would wait for ever and say nothing."""
    end = time.monotonic() + WAIT_SECONDS
    # The driver counts as one.
    while session.sparkContext._jsc.sc().getExecutorMemoryStatus().size() < 2:
        if time.monotonic() > end:
            session.stop()
            raise TimeoutError(f"no worker in {WAIT_SECONDS} s")
        time.sleep(0.5)
    return session


@contextmanager
def _told() -> Iterator[None]:
    """Say in our words that Spark failed; its own may hold a customer's data, the name of its condition does not."""
    try:
        yield
    except (
        Exception
    ) as error:  # what Python, py4j, the analyser and executors throw has no base of its own
        condition = getattr(error, "getCondition", lambda: None)()
        raise StorageError("storage.spark", why=condition or _outline(error)) from error


def _outline(error: Exception) -> str:
    if isinstance(error, ImportError | TimeoutError):
        return str(error)
    java = getattr(error, "java_exception", None)
    return str(java.getClass().getSimpleName()) if java else type(error).__name__
