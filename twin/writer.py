"""Turn arrays into Arrow columns of the contract's types, and tables into files."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

Array = npt.NDArray[Any]
MONEY = pa.decimal128(18, 2)
EXTENSIONS = {"parquet": "parquet", "csv": "csv"}


def text(values: tuple[str, ...], codes: Array) -> pa.Array:
    """Spell codes; a negative code is unknown."""
    index = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.array(values, pa.string()).take(index)


def identifier(prefix: str, numbers: Array, width: int) -> pa.Array:
    """Write numbers as prefix and zero-padded digits, at native speed; a negative number is unknown."""
    head = np.frombuffer(prefix.encode(), np.uint8)
    letters = np.empty((len(numbers), len(head) + width), np.uint8)
    letters[:, : len(head)] = head
    rest = np.maximum(numbers, 0).astype(np.int64)
    for place in range(letters.shape[1] - 1, len(head) - 1, -1):
        rest, digit = np.divmod(rest, 10)
        letters[:, place] = digit + ord("0")
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * letters.shape[1]
    plain = pa.StringArray.from_buffers(
        len(numbers), pa.py_buffer(offsets), pa.py_buffer(letters.tobytes())
    )
    return _without(plain, numbers < 0)


def money(fen: Array, missing: Array | None = None) -> pa.Array:
    """Write whole fen as yuan with two decimals, exactly."""
    halves = np.empty((len(fen), 2), np.int64)
    halves[:, 0] = fen
    halves[:, 1] = halves[:, 0] >> 63  # sign extension of the 128-bit number
    plain = pa.Array.from_buffers(
        MONEY, len(fen), [None, pa.py_buffer(halves.tobytes())]
    )
    return plain if missing is None else _without(plain, missing)


def date(days: Array) -> pa.Array:
    """Write days since 1970 as dates; a negative one is unknown."""
    return _without(pa.array(days.astype(np.int32)).cast(pa.date32()), days < 0)


def stamp(seconds: Array) -> pa.Array:
    """Write local seconds since 1970 as naive timestamps; a negative one is unknown."""
    return _without(
        pa.array(seconds.astype(np.int64)).cast(pa.timestamp("s")), seconds < 0
    )


def boolean(flags: Array, missing: Array | None = None) -> pa.Array:
    """Write flags as booleans."""
    return pa.array(flags.astype(bool), mask=missing)


def whole(numbers: Array, missing: Array | None = None) -> pa.Array:
    """Write whole numbers."""
    return pa.array(numbers.astype(np.int64), mask=missing)


def _without(column: pa.Array, missing: Array) -> pa.Array:
    return (
        pc.if_else(pa.array(missing), pa.scalar(None, column.type), column)
        if missing.any()
        else column
    )


def write_table(table: pa.Table, folder: Path, name: str, file_format: str) -> None:
    """Write one table; the same table gives the same bytes."""
    path = folder / f"{name}.{EXTENSIONS[file_format]}"
    if file_format == "parquet":
        pq.write_table(table, path, compression="zstd")
    else:
        pacsv.write_csv(table, path)
