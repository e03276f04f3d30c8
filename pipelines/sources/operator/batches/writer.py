"""Write the parts of one table as one raw Parquet file: same input, same bytes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.core.contract import Table
from pipelines.core.quoting import show_odd_text
from pipelines.sources.operator.batches.part import Part
from pipelines.sources.operator.batches.physical_types import WIDEST, write_as_text
from pipelines.sources.operator.batches.spool import guard_writing
from pipelines.sources.operator.batches.work import WorkBudget
from pipelines.sources.operator.delivery import EXTRA, FAULT, FILE, LINE, Limits
from pipelines.store.files import write_parquet

_NAME_CHARACTERS = 64
_ODD = re.compile(rf"[\"'`;\\]|^{EXTRA}\d+$")


@dataclass(frozen=True)
class Layout:
    """The columns of the raw table, and at which place of a part each stands (None where it has none)."""

    schema: pa.Schema
    places: tuple[tuple[int | None, ...], ...]  # a tuple a part


def write_parts(
    table: Table, parts: Sequence[Part], path: Path, limits: Limits | None = None
) -> pa.Schema:
    """Write all parts in order; return the data columns. Never leaves half a file at `path`.

    Raise FileRefused for a file beyond the limits.
    """
    limits = limits or Limits()
    layout = lay_out(table, parts)
    stream = pa.RecordBatchReader.from_batches(
        _output_schema(layout.schema), _conform_parts(parts, layout, limits)
    )
    guard_writing(path, lambda: write_parquet(path, stream))
    return layout.schema


def lay_out(table: Table, parts: Sequence[Part]) -> Layout:
    """Contract columns in the contract's order, then the others as they came; mixed kinds become text.

    A name that is odd is replaced by its place, and the part notes it.
    """
    named = [_keep_names(table, part) for part in parts]
    types: dict[str, list[pa.DataType]] = {}
    for part, names in zip(parts, named, strict=True):
        for name, kind in zip(names, part.schema.types, strict=True):
            types.setdefault(name, []).append(kind)
    known = [column.name for column in table.columns if column.name in types]
    ordered = known + [name for name in types if table.column(name) is None]
    schema = pa.schema([(name, _merge_types(types[name])) for name in ordered])
    places = [{name: place for place, name in enumerate(names)} for names in named]
    return Layout(schema, tuple(tuple(map(of_part.get, ordered)) for of_part in places))


def _keep_names(table: Table, part: Part) -> list[str]:
    """The names that a part's columns are kept under."""
    names = list(part.schema.names)
    for place, name in enumerate(names):
        if table.column(name) is None and is_odd_name(name):
            names[place] = f"{EXTRA}{place + 1}"
            part.notes.append(f"column {place + 1} kept as {names[place]}: {show_odd_text(name)}")
    return names


def is_odd_name(name: str) -> bool:
    """Whether a name is too long, holds what cannot be seen or what means something to SQL, or could be one of ours."""
    is_seen = all(unicodedata.category(character)[0] in "LMNPS" for character in name)
    return not is_seen or not 0 < len(name) <= _NAME_CHARACTERS or bool(_ODD.search(name))


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
    return pa.decimal128(WIDEST, scale) if digits <= WIDEST else pa.string()


def _output_schema(data: pa.Schema) -> pa.Schema:
    for name, kind in ((FILE, pa.string()), (LINE, pa.int64()), (FAULT, pa.string())):
        data = data.append(pa.field(name, kind))
    return data


def _conform_parts(
    parts: Sequence[Part], layout: Layout, limits: Limits
) -> Iterator[pa.RecordBatch]:
    output = _output_schema(layout.schema)
    for part, places in zip(parts, layout.places, strict=True):
        budget = WorkBudget(part.name, limits)
        for batch in part.read():
            part.rows += batch.num_rows
            budget.spend(batch.num_rows, batch.nbytes)
            yield _conform_batch(batch, layout.schema, output, places, part.name)


def _conform_batch(
    batch: pa.RecordBatch,
    schema: pa.Schema,
    output: pa.Schema,
    places: Sequence[int | None],
    file: str,
) -> pa.RecordBatch:
    arrays = [
        _conform_column(batch, place, kind)
        for place, kind in zip(places, schema.types, strict=True)
    ]
    arrays.append(
        pa.array([file], pa.string()).take(pa.nulls(batch.num_rows, pa.int64()).fill_null(0))
    )
    arrays += batch.columns[-2:]  # line and fault
    return pa.RecordBatch.from_arrays(arrays, schema=output)


def _conform_column(batch: pa.RecordBatch, place: int | None, kind: pa.DataType) -> pa.Array:
    if place is None:
        return pa.nulls(batch.num_rows, kind)
    column = batch.column(place)
    if column.type == kind:
        return column
    return write_as_text(column) if pa.types.is_string(kind) else pc.cast(column, kind)
