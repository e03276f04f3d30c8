"""Write the parts of one table as one raw Parquet file: same input, same bytes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.core.contract import Table
from pipelines.core.quoting import show_odd_text
from pipelines.sources.operator.batches.arrays import LINE_NUMBER, TEXT, make_text_array
from pipelines.sources.operator.batches.part import READING_COLUMNS, Part
from pipelines.sources.operator.batches.physical_types import WIDEST, write_as_text
from pipelines.sources.operator.batches.spool import guard_writing
from pipelines.sources.operator.batches.work import WorkBudget
from pipelines.sources.operator.delivery import EXTRA, FAULT, FILE, LINE, Limits
from pipelines.store.files import write_parquet

_NAME_CHARACTERS = 64
_SEEN = "LMNPS"  # Unicode's categories of what can be seen
_ODD = re.compile(rf"[\"'`;\\]|^{EXTRA}\d+$")


@dataclass(frozen=True)
class Layout:
    """The columns of the raw table, and the index in each part at which each of them stands.

    `indexes` has a tuple a part, with None for a column that the part does not have.
    """

    schema: pa.Schema
    indexes: tuple[tuple[int | None, ...], ...]


def write_parts(
    table: Table,
    parts: Sequence[Part],
    path: Path,
    limits: Limits | None = None,
) -> pa.Schema:
    """Write all parts in order; return the data columns. Never leaves half a file at `path`.

    Raise FileRefused for a file beyond the limits.
    """
    limits = limits or Limits()
    layout = _lay_out(table, parts)
    output = _output_schema(layout.schema)
    batches = _conform_parts(parts, layout, output, limits)
    stream = pa.RecordBatchReader.from_batches(output, batches)
    guard_writing(path, lambda: write_parquet(path, stream))
    return layout.schema


# -- the columns ---------------------------------------------------------------------------------


def _lay_out(table: Table, parts: Sequence[Part]) -> Layout:
    """Contract columns in the contract's order, then the others as they came.

    Mixed kinds become text. A name that is odd is replaced by its place, and the part notes it.
    """
    names_by_part = [_keep_names(table, part) for part in parts]
    types = _collect_types(parts, names_by_part)
    known = [column.name for column in table.columns if column.name in types]
    unknown = [name for name in types if table.column(name) is None]
    ordered = known + unknown

    fields: list[pa.Field] = []
    for name in ordered:
        kind = _merge_types(types[name])
        fields.append(pa.field(name, kind))
    indexes = tuple(_find_columns(ordered, names) for names in names_by_part)
    return Layout(pa.schema(fields), indexes)


def _collect_types(
    parts: Sequence[Part], names_by_part: Sequence[Sequence[str]]
) -> dict[str, list[pa.DataType]]:
    """Return the types that each column has, in the parts that have it."""
    types: dict[str, list[pa.DataType]] = {}
    for part, names in zip(parts, names_by_part, strict=True):
        for name, kind in zip(names, part.schema.types, strict=True):
            types.setdefault(name, []).append(kind)
    return types


def _find_columns(
    ordered: Sequence[str], names: Sequence[str]
) -> tuple[int | None, ...]:
    """Return at which index of a part each column stands; None where the part has none."""
    index_by_name = {name: index for index, name in enumerate(names)}
    return tuple(index_by_name.get(name) for name in ordered)


def _keep_names(table: Table, part: Part) -> list[str]:
    """Return the names that a part's columns are kept under."""
    names: list[str] = []
    for number, name in enumerate(part.schema.names, 1):
        is_known = table.column(name) is not None
        if is_known or not is_odd_name(name):
            names.append(name)
            continue

        kept = f"{EXTRA}{number}"
        names.append(kept)
        shown = show_odd_text(name)
        part.notes.append(f"column {number} kept as {kept}: {shown}")
    return names


def is_odd_name(name: str) -> bool:
    """Whether a column's name cannot be kept.

    It is too long, holds what cannot be seen or what means something to SQL, or could be one of
    ours.
    """
    if not 0 < len(name) <= _NAME_CHARACTERS:
        return True
    if _ODD.search(name):
        return True
    return not all(_is_seen(character) for character in name)


def _is_seen(character: str) -> bool:
    major_category = unicodedata.category(character)[0]
    return major_category in _SEEN


# -- the types -----------------------------------------------------------------------------------


def _merge_types(types: Sequence[pa.DataType]) -> pa.DataType:
    """Return the type that holds the values of all; text where none does."""
    merged = reduce(_merge_pair, types)
    if pa.types.is_null(merged):
        return TEXT
    return merged


def _merge_pair(left: pa.DataType, right: pa.DataType) -> pa.DataType:
    """Return the type that holds the values of both without loss; text where none does."""
    if left == right or pa.types.is_null(right):
        return left
    if pa.types.is_null(left):
        return right
    if pa.types.is_decimal(left) and pa.types.is_decimal(right):
        return _merge_decimals(left, right)
    if pa.types.is_signed_integer(left) and pa.types.is_signed_integer(right):
        return pa.int64()
    return TEXT


def _merge_decimals(left: pa.Decimal128Type, right: pa.Decimal128Type) -> pa.DataType:
    """Return a decimal with the digits of both on either side of the point."""
    scale = max(left.scale, right.scale)
    left_whole = left.precision - left.scale
    right_whole = right.precision - right.scale
    whole_digits = max(left_whole, right_whole)
    if whole_digits + scale > WIDEST:
        return TEXT
    return pa.decimal128(WIDEST, scale)


def _output_schema(data: pa.Schema) -> pa.Schema:
    """Return the data columns with file, line and fault behind them."""
    file = pa.field(FILE, TEXT)
    line = pa.field(LINE, LINE_NUMBER)
    fault = pa.field(FAULT, TEXT)
    return data.append(file).append(line).append(fault)


# -- the rows ------------------------------------------------------------------------------------


def _conform_parts(
    parts: Sequence[Part],
    layout: Layout,
    output: pa.Schema,
    limits: Limits,
) -> Iterator[pa.RecordBatch]:
    """Yield all batches with the columns of the output; count the rows of each part."""
    for part, indexes in zip(parts, layout.indexes, strict=True):
        budget = WorkBudget(part.name, limits)
        for batch in part.read():
            part.rows += batch.num_rows
            budget.count_rows(batch.num_rows, batch.nbytes)
            yield _conform_batch(
                batch,
                layout.schema,
                output,
                indexes,
                part.name,
            )


def _conform_batch(
    batch: pa.RecordBatch,
    schema: pa.Schema,
    output: pa.Schema,
    indexes: Sequence[int | None],
    file: str,
) -> pa.RecordBatch:
    """Return a batch with the columns of the output, in their types and order."""
    arrays: list[pa.Array] = []
    for index, kind in zip(indexes, schema.types, strict=True):
        array = _conform_column(batch, index, kind)
        arrays.append(array)
    arrays.append(_repeat_text(file, batch.num_rows))
    arrays += batch.columns[-READING_COLUMNS:]
    return pa.RecordBatch.from_arrays(arrays, schema=output)


def _conform_column(
    batch: pa.RecordBatch, index: int | None, kind: pa.DataType
) -> pa.Array:
    """Return a column in the type that the raw table has; NULLs for one that is not there."""
    if index is None:
        return pa.nulls(batch.num_rows, kind)
    column = batch.column(index)
    if column.type == kind:
        return column
    if pa.types.is_string(kind):
        return write_as_text(column)
    return pc.cast(column, kind)


def _repeat_text(text: str, times: int) -> pa.Array:
    """Return a column that has the same text in every row."""
    first = pa.nulls(times, pa.int64()).fill_null(0)
    return make_text_array([text]).take(first)
