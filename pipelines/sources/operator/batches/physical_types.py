"""Every physical type that a file can hold, and its way in: carried exactly, written as text, or refused by name.

What a typed column is carried as must be a type that the engine reads without loss: it reads a decimal of more than 38
digits as a double, so such a decimal goes on as text. `find_way` is the list; a type that is not on it has no way in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.operator.batches.values import format_value

WIDEST = 38  # digits of a decimal that the engine holds exactly
# Far beyond any day of the contract, and what stands for all that is beyond it: the year 148108, of nanoseconds 2262.
_LAST_TICK = {
    "s": 2**62 // 10**6,
    "ms": 2**62 // 10**3,
    "us": 2**62,
    "ns": 2**63 - 2 * 86_400 * 10**9,
}


@dataclass(frozen=True)
class Way:
    """The type that a column is carried as, and how one batch of it gets there."""

    carried: pa.DataType
    convert: Callable[[pa.Array], pa.Array]


def find_way(kind: pa.DataType) -> Way | None:
    """Return the way in for a type; None for one that no column of the contract can be delivered as."""
    if isinstance(kind, pa.BaseExtensionType):
        return _find_way_of_extension(kind)
    if pa.types.is_dictionary(kind):
        return _behind(kind.value_type, lambda column: column.dictionary_decode())
    if pa.types.is_run_end_encoded(kind):
        return _behind(kind.value_type, pc.run_end_decode)
    return next((way(kind) for test, way in _WAYS if test(kind)), None)


def write_as_text(column: pa.Array) -> pa.Array:
    """Write values as the text a person would have typed; exact, and the same on every machine."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_null(kind):
        return pc.cast(column, pa.string())
    if pa.types.is_float16(kind) or pa.types.is_float32(kind):
        return pa.array([_shortest_text(number) for number in _numbers(column)], pa.string())
    try:
        return pa.array([format_value(value) for value in column.to_pylist()], pa.string())
    except (OverflowError, ValueError, LookupError, pa.ArrowException):
        # Days and instants beyond those of Python say that they are; a zone that nobody knows is left out.
        has_zone = pa.types.is_timestamp(column.type) and column.type.tz
        return pc.cast(
            column.cast(pa.timestamp(column.type.unit, "UTC")) if has_zone else column, pa.string()
        )


def _numbers(column: pa.Array) -> list[Any]:
    """The numbers of a column in their own width, None for an empty cell."""
    numbers = column.to_numpy(zero_copy_only=False)
    return [
        number if there else None
        for number, there in zip(numbers, column.is_valid().to_pylist(), strict=True)
    ]


def _shortest_text(number: Any) -> str | None:
    """The shortest decimal that reads back as the same number of the same width."""
    if number is None:
        return None
    return (
        np.format_float_positional(number, unique=True, trim="-")
        if np.isfinite(number)
        else str(float(number))
    )


def _as_text(kind: pa.DataType) -> Way:
    return Way(pa.string(), write_as_text)


def _as_it_is(kind: pa.DataType) -> Way:
    return Way(kind, lambda column: column)


def _cast_to(target: pa.DataType) -> Callable[[pa.DataType], Way]:
    return lambda kind: Way(target, lambda column: column.cast(target))


def _as_decimal(kind: Any) -> Way:
    if kind.scale < 0 or kind.precision > WIDEST:
        return _as_text(kind)
    target = pa.decimal128(kind.precision, kind.scale)
    return Way(target, lambda column: column if column.type == target else column.cast(target))


def _as_instant(kind: Any) -> Way:
    """Carry an instant as it came; one at the end of all ticks, which the engine cannot write, is held and quarantined."""
    target = (
        pa.timestamp("ms", kind.tz) if kind.unit == "s" else kind
    )  # a Parquet file has no seconds
    return Way(target, lambda column: _hold_instants(column, kind, target))


def _hold_instants(column: pa.Array, kind: Any, target: pa.DataType) -> pa.Array:
    limit = _LAST_TICK[kind.unit]
    held = pc.min_element_wise(column.cast(pa.int64()), limit, skip_nulls=False)
    held = pc.max_element_wise(held, -limit, skip_nulls=False)
    return held.cast(kind).cast(target)


def _as_day(kind: pa.DataType) -> Way:
    """Carry a day of milliseconds; a time of day in it belongs to the day."""
    return Way(pa.date32(), lambda column: _to_days(column))


def _to_days(column: pa.Array) -> pa.Array:
    per_day = 86_400_000
    milliseconds = column.cast(pa.int64())
    days = pc.divide(milliseconds, per_day)
    days = pc.subtract(days, pc.if_else(pc.less(milliseconds, pc.multiply(days, per_day)), 1, 0))
    limit = 2**31 - 1
    held = pc.max_element_wise(
        pc.min_element_wise(days, limit, skip_nulls=False), -limit, skip_nulls=False
    )
    return held.cast(pa.int32()).view(pa.date32())


def _as_decoded(kind: pa.DataType) -> Way:
    """Read bytes as UTF-8, as databases and older writers keep text; what is none is marked, and quarantined."""
    return Way(pa.string(), _decode_bytes)


def _decode_bytes(column: pa.Array) -> pa.Array:
    try:
        return column.cast(pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        cells = column.cast(pa.binary()).to_pylist()
    return pa.array(
        [None if cell is None else cell.decode("utf-8", "replace") for cell in cells], pa.string()
    )


def _behind(kind: pa.DataType, unpack: Callable[[pa.Array], pa.Array]) -> Way | None:
    inner = find_way(kind)
    return Way(inner.carried, lambda column: inner.convert(unpack(column))) if inner else None


def _find_way_of_extension(kind: pa.BaseExtensionType) -> Way | None:
    if kind.extension_name == "arrow.uuid":
        return Way(
            pa.string(),
            lambda column: pa.array(
                [str(v) if v else None for v in column.to_pylist()], pa.string()
            ),
        )
    return _behind(kind.storage_type, lambda column: column.storage)


_WAYS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.DataType], Way]], ...] = (
    (pa.types.is_null, _as_it_is),
    (pa.types.is_boolean, _as_it_is),
    (pa.types.is_integer, _as_it_is),
    (pa.types.is_float16, _as_text),
    (pa.types.is_floating, _as_it_is),
    (pa.types.is_decimal, _as_decimal),
    (pa.types.is_date32, _as_it_is),
    (pa.types.is_date64, _as_day),
    (pa.types.is_timestamp, _as_instant),
    (pa.types.is_string, _as_it_is),
    (pa.types.is_large_string, _cast_to(pa.string())),
    (pa.types.is_string_view, _cast_to(pa.string())),
    (pa.types.is_binary, _as_decoded),
    (pa.types.is_large_binary, _as_decoded),
    (pa.types.is_binary_view, _as_decoded),
    (pa.types.is_fixed_size_binary, _as_decoded),
)
