"""A delivered table, read where executors are: a row group of its file a task, in DuckDB's words.

What is said of a cell is said in macros of the embedded engine, and the workers have that engine:
a piece is read there by the very SELECT that reads the whole here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.core.quoting import quote_name, write_casts
from pipelines.engines.executors import list_versions, require_versions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame, SparkSession

_PIECE = "__piece"


@dataclass(frozen=True)
class Pieces:
    """A delivered table as its file stands: its name, the file, the types the engine gives it.

    `macros` are those that statements about it name.
    """

    name: str
    path: Path
    types: Mapping[str, str]
    macros: Sequence[str]

    @property
    def count(self) -> int:
        """How many pieces there are."""
        return count_pieces(self.path)


def count_pieces(path: Path) -> int:
    """Return how many row groups a file has."""
    with pq.ParquetFile(path) as file:
        return int(file.num_row_groups)


def read_pieces(session: SparkSession, pieces: Pieces, sql: str) -> DataFrame:
    """Have each piece answer a SELECT by itself; the answers stand below each other.

    `sql` names the table as if it were all there.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    with _open_macros(pieces.macros) as engine:
        nothing = pq.read_schema(pieces.path).empty_table()
        made = _answer_piece(engine, pieces, nothing, sql).schema
    fields = from_arrow_schema(made, prefer_timestamp_ntz=True).fields
    columns = ", ".join(f"`{one.name}` {one.dataType.simpleString()}" for one in fields)
    numbers = session.range(0, pieces.count, 1, pieces.count)
    return numbers.mapInArrow(_make_piece_reader(pieces, sql), columns)


def _make_piece_reader(
    pieces: Pieces, sql: str
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return what a task reads its pieces with: their numbers become rows."""
    expected = list_versions()

    def read_task(numbers: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        require_versions(expected)
        with (
            pq.ParquetFile(pieces.path) as file,
            _open_macros(pieces.macros) as engine,
        ):
            for batch in numbers:
                for number in batch.column(0).to_pylist():
                    rows = file.read_row_group(number)
                    made = _answer_piece(engine, pieces, rows, sql)
                    yield from made.to_batches()

    return read_task


def _open_macros(macros: Sequence[str]) -> duckdb.DuckDBPyConnection:
    """Open an engine of one thread that knows some macros, with the clock of ours."""
    engine = duckdb.connect(config={"threads": 1})
    engine.execute("SET TimeZone = 'UTC'")
    for macro in macros:
        engine.execute(f"CREATE MACRO {macro}")
    return engine


def _answer_piece(
    engine: duckdb.DuckDBPyConnection, pieces: Pieces, rows: pa.Table, sql: str
) -> pa.Table:
    """Answer a SELECT about the rows of a piece, in the types that the whole table has."""
    engine.register(_PIECE, rows)
    casts = write_casts(pieces.types)
    engine.execute(
        f"CREATE OR REPLACE TEMP VIEW {quote_name(pieces.name)} AS "
        f"SELECT {casts} FROM {_PIECE}"
    )
    made = engine.execute(sql).to_arrow_table()
    engine.unregister(_PIECE)
    return made
