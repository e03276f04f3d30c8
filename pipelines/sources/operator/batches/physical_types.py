"""Every physical type that a file can hold, and its way in.

It is carried exactly, written as text, or refused by name. What a typed column is carried as must
be a type that the engine reads without loss: it reads a decimal of more than 38 digits as a
double, so such a decimal goes on as text. `find_way` is the list; a type that is not on it has no
way in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.operator.batches.arrays import TEXT, make_text_array
from pipelines.sources.operator.batches.values import format_value

WIDEST = 38  # digits of a decimal that the engine holds exactly
# Far beyond any day of the contract, and what stands for all that is beyond it: the year 148108,
# of nanoseconds 2262.
_LAST_TICK = {
    "s": 2**62 // 10**6,
    "ms": 2**62 // 10**3,
    "us": 2**62,
    "ns": 2**63 - 2 * 86_400 * 10**9,
}
_LAST_DAY = 2**31 - 1
_DAY = 86_400_000  # milliseconds

Convert = Callable[[pa.Array], pa.Array]


@dataclass(frozen=True)
class Way:
    """The type that a column is carried as, and how one batch of it gets there."""

    carried: pa.DataType
    convert: Convert


def find_way(kind: pa.DataType) -> Way | None:
    """Return the way in for a type; None for one that no contract column can be delivered as."""
    if isinstance(kind, pa.BaseExtensionType):
        return _find_way_of_extension(kind)
    if pa.types.is_dictionary(kind):
        return _unpack_first(kind.value_type, pa.DictionaryArray.dictionary_decode)
    if pa.types.is_run_end_encoded(kind):
        return _unpack_first(kind.value_type, pc.run_end_decode)
    for is_of_type, make_way in _WAYS:
        if is_of_type(kind):
            return make_way(kind)
    return None


# -- text ----------------------------------------------------------------------------------------


def write_as_text(column: pa.Array) -> pa.Array:
    """Write values as the text a person would have typed; exact, and the same on every machine."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_null(kind):
        return pc.cast(column, TEXT)
    if pa.types.is_float16(kind) or pa.types.is_float32(kind):
        return _write_narrow_floats(column)
    try:
        texts = [format_value(value) for value in column.to_pylist()]
        return make_text_array(texts)
    except (OverflowError, ValueError, LookupError, pa.ArrowException):
        return _write_far_instants(column)


def _write_narrow_floats(column: pa.Array) -> pa.Array:
    """Write each number as the shortest decimal that reads back the same in the same width."""
    numbers = column.to_numpy(zero_copy_only=False)
    filled = column.is_valid().to_pylist()
    texts: list[str | None] = []
    for number, is_filled in zip(numbers, filled, strict=True):
        text = _shortest_text(number) if is_filled else None
        texts.append(text)
    return make_text_array(texts)


def _shortest_text(number: np.floating) -> str:
    """Return the shortest decimal that reads back the same; `inf` and `nan` stay words."""
    if not np.isfinite(number):
        return str(float(number))
    return np.format_float_positional(number, unique=True, trim="-")


def _write_far_instants(column: pa.Array) -> pa.Array:
    """Write days and instants beyond those of Python; a zone that nobody knows is left out."""
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz:
        column = column.cast(pa.timestamp(kind.unit, "UTC"))
    return pc.cast(column, TEXT)


# -- ways in -------------------------------------------------------------------------------------


def _as_text(kind: pa.DataType) -> Way:
    """Write the values as text."""
    return Way(TEXT, write_as_text)


def _as_it_is(kind: pa.DataType) -> Way:
    """Carry the values as they came."""
    return Way(kind, lambda column: column)


def _as_plain_string(kind: pa.DataType) -> Way:
    """Carry text that is laid out in another way as plain text."""
    return Way(TEXT, lambda column: column.cast(TEXT))


def _as_decimal(kind: pa.Decimal128Type) -> Way:
    """Carry a decimal in 128 bits; as text if the engine does not hold it exactly."""
    if kind.scale < 0 or kind.precision > WIDEST:
        return _as_text(kind)
    target = pa.decimal128(kind.precision, kind.scale)
    if kind == target:
        return _as_it_is(kind)
    return Way(target, lambda column: column.cast(target))


def _as_instant(kind: pa.TimestampType) -> Way:
    """Carry an instant as it came.

    One at the end of all ticks, which the engine cannot write, is held and quarantined.
    """
    has_seconds = kind.unit == "s"  # which a Parquet file has not
    target = pa.timestamp("ms", kind.tz) if has_seconds else kind
    return Way(target, lambda column: _hold_instants(column, kind, target))


def _hold_instants(
    column: pa.Array, kind: pa.TimestampType, target: pa.DataType
) -> pa.Array:
    """Return the instants in the target type, none beyond the last tick of their unit."""
    ticks = column.cast(pa.int64())
    held = _hold_within(ticks, _LAST_TICK[kind.unit])
    return held.cast(kind).cast(target)


def _as_day(kind: pa.DataType) -> Way:
    """Carry a day of milliseconds; a time of day in it belongs to the day."""
    return Way(pa.date32(), _round_down_to_days)


def _round_down_to_days(column: pa.Array) -> pa.Array:
    """Return the days of instants in milliseconds, those before 1970 too."""
    milliseconds = column.cast(pa.int64())
    days = pc.divide(milliseconds, _DAY)  # rounds towards 1970
    midnights = pc.multiply(days, _DAY)
    was_rounded_up = pc.less(milliseconds, midnights)
    excess = pc.if_else(was_rounded_up, 1, 0)
    held = _hold_within(pc.subtract(days, excess), _LAST_DAY)
    return held.cast(pa.int32()).view(pa.date32())


def _hold_within(numbers: pa.Array, limit: int) -> pa.Array:
    """Replace numbers beyond a limit, on either side of zero, by the limit; NULL stays."""
    held = pc.min_element_wise(numbers, limit, skip_nulls=False)
    return pc.max_element_wise(held, -limit, skip_nulls=False)


def _as_decoded(kind: pa.DataType) -> Way:
    """Read bytes as UTF-8, as databases and older writers keep text.

    What is none is marked, and quarantined.
    """
    return Way(TEXT, _decode_bytes)


def _decode_bytes(column: pa.Array) -> pa.Array:
    """Return bytes as text, what is no UTF-8 as U+FFFD."""
    plain = column.cast(pa.binary())
    try:
        return plain.cast(TEXT)
    except pa.ArrowInvalid:
        pass

    texts: list[str | None] = []
    for cell in plain.to_pylist():
        text = None if cell is None else cell.decode("utf-8", "replace")
        texts.append(text)
    return make_text_array(texts)


def _unpack_first(kind: pa.DataType, unpack: Convert) -> Way | None:
    """Return the way in for what is packed in another type; None if that has none."""
    inner = find_way(kind)
    if inner is None:
        return None
    convert = inner.convert
    return Way(inner.carried, lambda column: convert(unpack(column)))


def _find_way_of_extension(kind: pa.BaseExtensionType) -> Way | None:
    """Return the way in for a type that is built on another."""
    if kind.extension_name == "arrow.uuid":
        return Way(TEXT, _write_uuids)
    return _unpack_first(kind.storage_type, lambda column: column.storage)


def _write_uuids(column: pa.Array) -> pa.Array:
    """Return identifiers as text with hyphens."""
    texts = [str(value) if value else None for value in column.to_pylist()]
    return make_text_array(texts)


_WAYS: tuple[
    tuple[Callable[[pa.DataType], bool], Callable[[pa.DataType], Way]], ...
] = (
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
    (pa.types.is_large_string, _as_plain_string),
    (pa.types.is_string_view, _as_plain_string),
    (pa.types.is_binary, _as_decoded),
    (pa.types.is_large_binary, _as_decoded),
    (pa.types.is_binary_view, _as_decoded),
    (pa.types.is_fixed_size_binary, _as_decoded),
)
