"""Write the parts of one table as one raw Parquet file: same input, same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.core.contract import Table
from pipelines.sources.delivery import FAULT, FILE, LINE
from pipelines.sources.part import Part
from pipelines.sources.spool import guard_writing
from pipelines.sources.values import format_value
from pipelines.store.files import write_parquet


def write_parts(table: Table, parts: Sequence[Part], path: Path) -> pa.Schema:
    """Write all parts in order; return the data columns. Never leaves half a file at `path`."""
    schema = merge_schemas(table, [part.schema for part in parts])
    stream = pa.RecordBatchReader.from_batches(_output_schema(schema), _conform_parts(parts, schema))
    guard_writing(path, lambda: write_parquet(path, stream))
    return schema


def merge_schemas(table: Table, schemas: Sequence[pa.Schema]) -> pa.Schema:
    """Contract columns in the contract's order, then the others as they came; mixed kinds become text."""
    names = list(dict.fromkeys(name for schema in schemas for name in schema.names))
    known = [column.name for column in table.columns if column.name in names]
    ordered = known + [name for name in names if table.column(name) is None]
    return pa.schema(
        [(name, _merge_types([s.field(name).type for s in schemas if name in s.names])) for name in ordered]
    )


def _merge_types(types: Sequence[pa.DataType]) -> pa.DataType:
    merged = reduce(_merge_pair, types)
    return pa.string() if pa.types.is_null(merged) else merged


def _merge_pair(left: pa.DataType, right: pa.DataType) -> pa.DataType:
    if left == right or pa.types.is_null(right):
        return left
    if pa.types.is_null(left):
        return right
    if pa.types.is_decimal(left) and pa.types.is_decimal(right):
        return _merge_decimals(left, right)
    if pa.types.is_signed_integer(left) and pa.types.is_signed_integer(right):
        return pa.int64()
    return pa.string()


def _merge_decimals(left: Any, right: Any) -> pa.DataType:
    scale = max(left.scale, right.scale)
    digits = max(left.precision - left.scale, right.precision - right.scale) + scale
    if digits > 76:
        return pa.string()
    return pa.decimal128(38, scale) if digits <= 38 else pa.decimal256(76, scale)


def _output_schema(data: pa.Schema) -> pa.Schema:
    for name, kind in ((FILE, pa.string()), (LINE, pa.int64()), (FAULT, pa.string())):
        data = data.append(pa.field(name, kind))
    return data


def _conform_parts(parts: Sequence[Part], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for part in parts:
        for batch in part.read():
            part.rows += batch.num_rows
            yield _conform_batch(batch, schema, part.name)


def _conform_batch(batch: pa.RecordBatch, schema: pa.Schema, file: str) -> pa.RecordBatch:
    arrays = [_conform_column(batch, field) for field in schema]
    arrays.append(pa.array([file], pa.string()).take(pa.nulls(batch.num_rows, pa.int64()).fill_null(0)))
    arrays += [batch.column(LINE), batch.column(FAULT)]
    return pa.RecordBatch.from_arrays(arrays, schema=_output_schema(schema))


def _conform_column(batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
    if field.name not in batch.schema.names:
        return pa.nulls(batch.num_rows, field.type)
    column = batch.column(field.name)
    if column.type == field.type:
        return column
    return cast_to_text(column) if pa.types.is_string(field.type) else pc.cast(column, field.type)


def cast_to_text(column: pa.Array) -> pa.Array:
    """Write values as the text a person would have typed; exact, and the same on every machine."""
    if pa.types.is_string(column.type) or pa.types.is_null(column.type):
        return pc.cast(column, pa.string())
    return pa.array([format_value(value) for value in column.to_pylist()], pa.string())
