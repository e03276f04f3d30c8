"""Turn rows of Python values from a database into Arrow batches, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from pipelines.sources.operator.batches.arrays import (
    make_reading_arrays,
    make_text_array,
)
from pipelines.sources.operator.batches.part import (
    READING_COLUMNS,
    Part,
    batch_schema,
    read_nothing,
)
from pipelines.sources.operator.batches.physical_types import WIDEST
from pipelines.sources.operator.batches.spool import spool_batches
from pipelines.sources.operator.batches.values import format_value

Values = Sequence[
    object
]  # of one row, or of one column, as the database's driver made them

_KEPT = (
    pa.types.is_null,
    pa.types.is_string,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_date,
)


def spool_rows(
    name: str,
    columns: Sequence[str],
    chunks: Iterable[Sequence[Values]],
    folder: Path,
) -> list[Part]:
    """Put all rows aside, one Part for every run of batches whose values have the same types.

    A database does not say what it will send (a column may be empty for the first million rows),
    so the types are taken from the values; the writer settles them over all parts.
    """
    parts: list[Part] = []
    stream = _Peekable(_make_batches(columns, chunks))
    while (head := stream.peek_batch()) is not None:
        path = folder / f"rows-{len(parts)}"
        schema = head.schema
        read = spool_batches(stream.take_same(schema), schema, path)
        data = pa.schema(list(schema)[:-READING_COLUMNS])
        parts.append(Part(name, "", 0, data, read))
    if parts:
        return parts

    nothing = pa.schema([(column, pa.null()) for column in columns])
    return [Part(name, "", 0, nothing, read_nothing)]


class _Peekable:
    """An iterator of batches that can look at the next one."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._next: pa.RecordBatch | None = None

    def peek_batch(self) -> pa.RecordBatch | None:
        """Return the next batch without taking it; None at the end."""
        if self._next is None:
            self._next = next(self._batches, None)
        return self._next

    def take_same(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Take the batches up to the first of another schema."""
        while (batch := self.peek_batch()) is not None and batch.schema == schema:
            self._next = None
            yield batch


def _make_batches(
    columns: Sequence[str], chunks: Iterable[Sequence[Values]]
) -> Iterator[pa.RecordBatch]:
    """Yield a batch a chunk, with `_line` (the row's number from 1) and an empty `_fault`."""
    line = 1
    for rows in chunks:
        arrays = [_make_array(values) for values in zip(*rows, strict=True)]
        types = [array.type for array in arrays]
        data = pa.schema(list(zip(columns, types, strict=True)))
        schema = batch_schema(data)

        arrays += make_reading_arrays(line, len(rows))
        line += len(rows)
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _make_array(values: Values) -> pa.Array:
    """Let Arrow find one exact type for the values; a mixture, a NaN, or one of no use is text.

    Arrow reads a mixture without a word: an instant among days loses its time, one with a zone
    among those without one moves by the zone. So it is asked only about values of one kind.
    """
    kinds = {_kind_of(value) for value in values if value is not None}
    if len(kinds) > 1:
        return _make_texts(values)
    try:
        array = pa.array(values)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return _make_texts(values)
    return _settle_type(array, values)


def _settle_type(array: pa.Array, values: Values) -> pa.Array:
    """Give all batches of one kind of values the same type."""
    kind = array.type
    if pa.types.is_timestamp(kind):
        zone = "UTC" if kind.tz else None
        return array.cast(pa.timestamp("us", zone))
    if pa.types.is_decimal(kind):
        return _widen_decimal(array)
    if any(is_kept(kind) for is_kept in _KEPT):
        return array
    return _make_texts(values)


def _kind_of(value: object) -> tuple[type, bool]:
    """Return what must not be mixed in one column: the type, and whether it has a time zone.

    Whole numbers and floats may be: of these Arrow itself takes no mixture that is not exact.
    """
    kind = type(value)
    if kind is int:
        kind = float
    has_zone = isinstance(value, datetime) and value.tzinfo is not None
    return kind, has_zone


def _widen_decimal(array: pa.Array) -> pa.Array:
    """Give all batches of a scale the same type.

    The precision that Arrow finds is that of one batch's values.
    """
    kind = array.type
    if kind.scale < 0 or kind.precision > WIDEST:
        return _make_texts(array.to_pylist())
    return array.cast(pa.decimal128(WIDEST, kind.scale))


def _make_texts(values: Values) -> pa.Array:
    """Return values as text, whatever their types."""
    texts = [_make_text(value) for value in values]
    return make_text_array(texts)


def _make_text(value: object) -> str | None:
    """Return a value as text that is valid UTF-8; what is no character becomes U+FFFD or `?`."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    text = format_value(value)
    if text is None:
        return None
    return text.encode("utf-8", "replace").decode()
