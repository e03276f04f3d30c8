"""Turn rows of Python values from a database into Arrow batches, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.sources.operator.batches.part import Part, batch_schema
from pipelines.sources.operator.batches.physical_types import WIDEST
from pipelines.sources.operator.batches.spool import spool_batches
from pipelines.sources.operator.batches.values import format_value

_NAIVE = (
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_date,
)


def spool_rows(
    name: str, columns: Sequence[str], chunks: Iterable[Sequence[Sequence[Any]]], folder: Path
) -> list[Part]:
    """Put all rows aside, one Part for every run of batches whose values have the same types.

    A database does not say what it will send (a column may be empty for the first million rows), so the
    types are taken from the values; the writer settles them over all parts.
    """
    parts: list[Part] = []
    stream = _Peekable(_to_batches(columns, chunks))
    while (head := stream.peek()) is not None:
        path = folder / f"rows-{len(parts)}"
        read = spool_batches(stream.take_same(head.schema), head.schema, path)
        parts.append(Part(name, "", 0, _data_schema(head.schema), read))
    return parts or [
        Part(name, "", 0, pa.schema([(column, pa.null()) for column in columns]), lambda: iter(()))
    ]


def _data_schema(schema: pa.Schema) -> pa.Schema:
    return pa.schema(list(schema)[:-2])


class _Peekable:
    """An iterator of batches that can look at the next one."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._next: pa.RecordBatch | None = None

    def peek(self) -> pa.RecordBatch | None:
        """Return the next batch without taking it; None at the end."""
        if self._next is None:
            self._next = next(self._batches, None)
        return self._next

    def take_same(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Take the batches up to the first of another schema."""
        while (batch := self.peek()) is not None and batch.schema == schema:
            self._next = None
            yield batch


def _to_batches(
    columns: Sequence[str], chunks: Iterable[Sequence[Sequence[Any]]]
) -> Iterator[pa.RecordBatch]:
    line = 1
    for rows in chunks:
        arrays = [_to_array(values) for values in zip(*rows, strict=True)]
        schema = batch_schema(
            pa.schema([(c, array.type) for c, array in zip(columns, arrays, strict=True)])
        )
        lines = pa.array(range(line, line + len(rows)), pa.int64())
        line += len(rows)
        yield pa.RecordBatch.from_arrays(
            [*arrays, lines, pa.nulls(len(rows), pa.string())], schema=schema
        )


def _to_array(values: Sequence[Any]) -> pa.Array:
    """Let Arrow find one exact type for the values; a mixture, a NaN, or a type of no use becomes text.

    Arrow reads a mixture without a word: an instant among days loses its time, one with a zone among those without
    one moves by the zone. So it is asked only about values of one kind.
    """
    if len({_kind_of(value) for value in values if value is not None}) > 1:
        return _to_text(values)
    try:
        array = pa.array(values)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return _to_text(values)
    kind = array.type
    if pa.types.is_timestamp(kind):
        return array.cast(pa.timestamp("us", "UTC" if kind.tz else None))
    if pa.types.is_decimal(kind):
        return _to_wide_decimal(array)
    if pa.types.is_null(kind) or pa.types.is_string(kind) or any(test(kind) for test in _NAIVE):
        return array
    return _to_text(values)


def _kind_of(value: Any) -> tuple[type, bool]:
    kind = (
        float if type(value) is int else type(value)
    )  # of these Arrow itself takes no mixture that is not exact
    return kind, isinstance(value, datetime) and value.tzinfo is not None


def _to_wide_decimal(array: pa.Array) -> pa.Array:
    """Give all batches of a scale the same type; the precision Arrow finds is that of one batch's values."""
    kind = array.type
    if kind.scale < 0 or kind.precision > WIDEST:
        return _to_text(array.to_pylist())
    return array.cast(pa.decimal128(WIDEST, kind.scale))


def _to_text(values: Sequence[Any]) -> pa.Array:
    return pa.array([_decode(value) for value in values], pa.string())


def _decode(value: Any) -> str | None:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    text = format_value(value)
    return None if text is None else text.encode("utf-8", "replace").decode()
