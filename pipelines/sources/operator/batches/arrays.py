"""Arrays that every batch is made of."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

TEXT = pa.string()
LINE_NUMBER = pa.int64()


def make_text_array(texts: Sequence[str | None]) -> pa.Array:
    """Return texts as a column; None is NULL."""
    return pa.array(texts, TEXT)


def make_reading_arrays(first_line: int, rows: int) -> list[pa.Array]:
    """Return the columns `_line` and `_fault` of rows that stand one a line, none with a fault."""
    lines = range(first_line, first_line + rows)
    return [pa.array(lines, LINE_NUMBER), pa.nulls(rows, TEXT)]
