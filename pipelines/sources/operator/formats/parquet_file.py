"""Read a delivered Parquet file: each column by the way in that its physical type has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.core.contract import Table
from pipelines.sources.operator.batches.arrays import TEXT, make_reading_arrays
from pipelines.sources.operator.batches.part import Part, batch_schema
from pipelines.sources.operator.batches.physical_types import (
    Way,
    find_way,
    write_as_text,
)
from pipelines.sources.operator.delivery import FileRefused, Limits
from pipelines.sources.operator.header import check_names, column_names, fold_names
from pipelines.sources.operator.staging import Staged

_MAGIC = b"PAR1"
_SHORTEST = 12  # bytes: the magic at both ends and the length of what stands between
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
    """Open a Parquet file.

    Raise FileRefused if it is damaged, beyond the limits, or lacks a required column. Refused by
    name, too, is a column of the table whose type has no way in.
    """
    _check_magic(staged)
    try:
        with _open_file(staged.path) as file:
            delivered = file.schema_arrow
            rows = file.metadata.num_rows
    except _DAMAGE as error:
        raise _refuse_damaged(staged.name) from error

    names = column_names(fold_names(delivered.names), table)
    check_names(names, table, staged.name, most=limits.columns)
    _check_size(staged, len(names), rows, limits)

    ways: list[Way] = []
    for name, kind in zip(names, delivered.types, strict=True):
        ways.append(_find_way(name, kind, table, staged.name))
    carried = [way.carried for way in ways]
    schema = pa.schema(list(zip(names, carried, strict=True)))
    read = partial(_read_batches, staged, schema, ways, limits.batch_rows)
    return Part(staged.name, staged.sha256, staged.size, schema, read)


def _open_file(path: Path) -> pq.ParquetFile:
    """Open a file of ours; old instants are read in microseconds."""
    # Nanoseconds, which Arrow would take for the old INT96, end in 2262: "no end" would come out as
    # another day.
    return pq.ParquetFile(path, coerce_int96_timestamp_unit="us")


def _check_magic(staged: Staged) -> None:
    """Refuse a file that does not begin and end as a Parquet file does."""
    with open(staged.path, "rb") as file:
        head = file.read(len(_MAGIC))
        file.seek(max(staged.size - len(_MAGIC), 0))
        tail = file.read(len(_MAGIC))
    if not head:
        raise FileRefused("empty_file", file=staged.name)
    if head != _MAGIC:
        raise FileRefused("not_parquet", file=staged.name)
    if tail != _MAGIC or staged.size < _SHORTEST:
        raise FileRefused("parquet_truncated", file=staged.name)


def _check_size(
    staged: Staged,
    columns: int,
    rows: int,
    limits: Limits,
) -> None:
    """Refuse what its own first page says is too much.

    The stream is counted again when it is read.
    """
    if rows > limits.rows:
        raise FileRefused("too_many_rows", file=staged.name, limit=f"{limits.rows:,}")
    unpacked = rows * columns * _CELL_BYTES
    is_steep = unpacked > staged.size * limits.parquet_ratio
    if is_steep and unpacked > limits.parquet_bytes:
        limit = f"{limits.parquet_bytes:,} bytes"
        raise FileRefused("archive_bomb", file=staged.name, limit=limit)


def _read_batches(
    staged: Staged,
    schema: pa.Schema,
    ways: Sequence[Way],
    rows: int,
) -> Iterator[pa.RecordBatch]:
    """Yield batches with `_line` (row number from 1) and `_fault`.

    `schema` renames columns by position; a batch has at most so many `rows`.
    """
    line = 1
    try:
        with _open_file(staged.path) as file:
            for batch in file.iter_batches(batch_size=rows):
                yield _carry_batch(batch, schema, ways, line)
                line += batch.num_rows
    except _DAMAGE as error:
        raise _refuse_damaged(staged.name) from error


def _carry_batch(
    batch: pa.RecordBatch,
    schema: pa.Schema,
    ways: Sequence[Way],
    line: int,
) -> pa.RecordBatch:
    """Return a batch in the types that its columns are carried as; `line` is its first row."""
    batch.validate(full=True)  # a damaged file can hold text that is not UTF-8
    arrays: list[pa.Array] = []
    for column, way in zip(batch.columns, ways, strict=True):
        arrays.append(way.convert(column))
    arrays += make_reading_arrays(line, batch.num_rows)
    return pa.RecordBatch.from_arrays(arrays, schema=batch_schema(schema))


def _find_way(
    name: str,
    kind: pa.DataType,
    table: Table,
    file: str,
) -> Way:
    """Return the way in for a column.

    One that the contract does not know is kept as text if there is none.
    """
    way = find_way(kind)
    if way is not None:
        return way
    if table.column(name) is None:
        return Way(TEXT, write_as_text)
    if pa.types.is_nested(_storage_type(kind)):
        raise FileRefused("nested_column", file=file, columns=name)
    raise FileRefused(
        "unknown_type",
        file=file,
        columns=name,
        type=str(kind),
    )


def _storage_type(kind: pa.DataType) -> pa.DataType:
    """Return the type that an extension type is stored as; any other stays."""
    while isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    return kind


def _refuse_damaged(name: str) -> FileRefused:
    return FileRefused("parquet_damaged", file=name)
