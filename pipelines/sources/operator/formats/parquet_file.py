"""Read a delivered Parquet file: each column by the way in that its physical type has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.core.contract import Table
from pipelines.sources.operator.batches.part import Part, batch_schema
from pipelines.sources.operator.batches.physical_types import Way, find_way, write_as_text
from pipelines.sources.operator.delivery import FileRefused, Limits
from pipelines.sources.operator.header import check_names, column_names, fold_names
from pipelines.sources.operator.staging import Staged

_MAGIC = b"PAR1"
_CELL_BYTES = 8  # what a cell takes at least once it is unpacked
_DAMAGE = (
    pa.ArrowException,
    OSError,
    ValueError,
    KeyError,
    RuntimeError,
    MemoryError,
    OverflowError,
)


def open_parquet(staged: Staged, table: Table, limits: Limits) -> Part:
    """Open a Parquet file; raise FileRefused if it is damaged, beyond the limits, or lacks a required column.

    Refused by name, too, is a column of the table whose type has no way in.
    """
    _check_magic(staged)
    try:
        with _open_file(staged.path) as file:
            delivered = file.schema_arrow
            rows = file.metadata.num_rows
    except _DAMAGE as error:
        raise _damaged(staged.name) from error
    names = column_names(fold_names(delivered.names), table)
    check_names(names, table, staged.name, most=limits.columns)
    _check_size(staged, len(names), rows, limits)
    ways = [
        _find_way(name, kind, table, staged.name)
        for name, kind in zip(names, delivered.types, strict=True)
    ]
    schema = pa.schema([(name, way.carried) for name, way in zip(names, ways, strict=True)])
    read = partial(_read_batches, staged, schema, ways, limits.batch_rows)
    return Part(staged.name, staged.sha256, staged.size, schema, read)


def _open_file(path: Path) -> pq.ParquetFile:
    # Nanoseconds, which Arrow would take for the old INT96, end in 2262: "no end" would come out as another day.
    return pq.ParquetFile(path, coerce_int96_timestamp_unit="us")


def _check_size(staged: Staged, columns: int, rows: int, limits: Limits) -> None:
    """Refuse what its own first page says is too much; the stream is counted again when it is read."""
    if rows > limits.rows:
        raise FileRefused("too_many_rows", file=staged.name, limit=f"{limits.rows:,}")
    unpacked = rows * columns * _CELL_BYTES
    if unpacked > limits.parquet_bytes and unpacked > staged.size * limits.parquet_ratio:
        raise FileRefused("archive_bomb", file=staged.name, limit=f"{limits.parquet_bytes:,} bytes")


def _read_batches(
    staged: Staged, schema: pa.Schema, ways: Sequence[Way], rows: int
) -> Iterator[pa.RecordBatch]:
    """Yield batches with `_line` (1-based row number) and `_fault`; `schema` renames columns by position."""
    line = 1
    try:
        with _open_file(staged.path) as file:
            for batch in file.iter_batches(batch_size=rows):
                yield _carry_batch(batch, schema, ways, line)
                line += batch.num_rows
    except _DAMAGE as error:
        raise _damaged(staged.name) from error


def _carry_batch(
    batch: pa.RecordBatch, schema: pa.Schema, ways: Sequence[Way], line: int
) -> pa.RecordBatch:
    batch.validate(full=True)  # a damaged file can hold text that is not UTF-8
    arrays = [way.convert(column) for column, way in zip(batch.columns, ways, strict=True)]
    lines = pa.array(range(line, line + batch.num_rows), pa.int64())
    arrays += [lines, pa.nulls(batch.num_rows, pa.string())]
    return pa.RecordBatch.from_arrays(arrays, schema=batch_schema(schema))


def _find_way(name: str, kind: pa.DataType, table: Table, file: str) -> Way:
    """Return the way in for a column; one that the contract does not know is kept as text if there is none."""
    way = find_way(kind)
    if way is not None:
        return way
    if table.column(name) is None:
        return Way(pa.string(), write_as_text)
    if pa.types.is_nested(_storage(kind)):
        raise FileRefused("nested_column", file=file, columns=name)
    raise FileRefused("unknown_type", file=file, columns=name, type=str(kind))


def _storage(kind: pa.DataType) -> pa.DataType:
    return _storage(kind.storage_type) if isinstance(kind, pa.BaseExtensionType) else kind


def _check_magic(staged: Staged) -> None:
    with open(staged.path, "rb") as file:
        head = file.read(4)
        file.seek(max(staged.size - 4, 0))
        tail = file.read(4)
    if not head:
        raise FileRefused("empty_file", file=staged.name)
    if head != _MAGIC:
        raise FileRefused("not_parquet", file=staged.name)
    if tail != _MAGIC or staged.size < 12:
        raise FileRefused("parquet_truncated", file=staged.name)


def _damaged(name: str) -> FileRefused:
    return FileRefused("parquet_damaged", file=name)
