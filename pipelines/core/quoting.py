"""How a delivered string stands in SQL, and how it is shown: one function each, used everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pipelines.core.names import show_name

_SHOWN_CHARACTERS = 80


def quote_name(name: str) -> str:
    """Quote an identifier for SQL, whatever it holds; nothing else may put quotes around a name."""
    return '"' + name.replace('"', '""') + '"'


def quote_names(names: Iterable[str]) -> str:
    """Quote identifiers for SQL and join them with commas."""
    return ", ".join(quote_name(name) for name in names)


def quote_text(text: str) -> str:
    """Quote a text for SQL where a statement takes no parameters (views, macros, value lists).

    DuckDB ends a statement at a NUL character, so that one is written by its number.
    """
    quoted = ["'" + piece.replace("'", "''") + "'" for piece in text.split("\0")]
    if len(quoted) == 1:
        return quoted[0]
    return f"({' || chr(0) || '.join(quoted)})"


def write_casts(types: Mapping[str, str]) -> str:
    """Return the SQL that gives columns, each under its name, in their types (name → SQL type)."""
    casts = []
    for name, kind in types.items():
        quoted = quote_name(name)
        casts.append(f"CAST({quoted} AS {kind}) AS {quoted}")
    return ", ".join(casts)


def scan_parquet(path: Path) -> str:
    """Return the SQL that reads a Parquet file, or a folder of them in the order of their names.

    A folder has a name without an end. A folder `x=1` on the way adds no column.
    """
    if not path.suffix:
        path /= "*.parquet"
    return f"read_parquet({quote_text(str(path))}, hive_partitioning = false)"


def scan_numbered_rows(path: Path) -> str:
    """Return the SQL that reads a Parquet file with the number of each row, `file_row_number`."""
    place = quote_text(str(path))
    return f"read_parquet({place}, file_row_number = true, hive_partitioning = false)"


def show_odd_text(text: str) -> str:
    """Return one short line that shows a delivered name; what cannot be seen is escaped."""
    shown = show_name(text[:_SHOWN_CHARACTERS])
    if len(text) > _SHOWN_CHARACTERS:
        return shown + "…"
    return shown
