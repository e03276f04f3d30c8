"""Read a delivered Parquet file: native types kept where they are plain, everything else as text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.core.contract import Table
from pipelines.sources.delivery import FileRefused, Limits
from pipelines.sources.header import check_names, column_names, fold_names
from pipelines.sources.part import Part, batch_schema
from pipelines.sources.staging import Staged
from pipelines.sources.writer import cast_to_text

_MAGIC = b"PAR1"
_DAMAGE = (pa.ArrowException, OSError, ValueError, KeyError, RuntimeError, MemoryError, OverflowError)


def open_parquet(staged: Staged, table: Table, limits: Limits) -> Part:
    """Open a Parquet file; raise FileRefused if it is damaged or lacks a required column."""
    _check_magic(staged)
    try:
        delivered = pq.read_schema(staged.path)
    except _DAMAGE as error:
        raise _damaged(staged.name) from error
    names = column_names(fold_names(delivered.names), table)
    check_names(names, table, staged.name)
    schema = pa.schema([(name, _plain_type(kind)) for name, kind in zip(names, delivered.types, strict=True)])
    _check_kinds(delivered, names, table, staged.name)
    read = partial(read_batches, staged.path, schema, staged.name, limits.batch_rows)
    return Part(staged.name, staged.sha256, staged.size, schema, read)


def read_batches(path: Path, schema: pa.Schema, name: str, rows: int) -> Iterator[pa.RecordBatch]:
    """Yield batches with `_line` (1-based row number) and `_fault`; `schema` renames columns by position."""
    line = 1
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=rows):
                yield _plain_batch(batch, schema, line)
                line += batch.num_rows
    except _DAMAGE as error:
        raise _damaged(name) from error


def _plain_batch(batch: pa.RecordBatch, schema: pa.Schema, line: int) -> pa.RecordBatch:
    batch.validate(full=True)  # a damaged file can hold text that is not UTF-8
    arrays = [_plain_column(column, field.type) for column, field in zip(batch.columns, schema, strict=True)]
    lines = pa.array(range(line, line + batch.num_rows), pa.int64())
    arrays += [lines, pa.nulls(batch.num_rows, pa.string())]
    return pa.RecordBatch.from_arrays(arrays, schema=batch_schema(schema))


def _plain_column(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if column.type == kind:
        return column
    is_text = pa.types.is_string(kind)
    return cast_to_text(column) if is_text and not _is_text(_value_type(column.type)) else column.cast(kind)


def _value_type(kind: pa.DataType) -> pa.DataType:
    if isinstance(kind, pa.BaseExtensionType):
        return _value_type(kind.storage_type)
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """Keep dates, times, numbers and booleans; unwrap dictionary and large; all the rest becomes text."""
    kind, types = _value_type(kind), pa.types
    if types.is_float16(kind):
        return pa.float32()
    kept = (types.is_boolean, types.is_integer, types.is_floating, types.is_decimal, types.is_date, types.is_timestamp)
    return kind if any(test(kind) for test in kept) or types.is_null(kind) else pa.string()


def _check_kinds(delivered: pa.Schema, names: tuple[str, ...], table: Table, file: str) -> None:
    bad = [n for n, kind in zip(names, delivered.types, strict=True) if table.column(n) and pa.types.is_nested(kind)]
    if bad:
        raise FileRefused("nested_column", file=file, columns=", ".join(bad))


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
