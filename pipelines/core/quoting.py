"""How a delivered string stands in SQL, and how it is shown: one function each, used everywhere."""

from __future__ import annotations

from collections.abc import Iterable
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
    """Quote a text for SQL where a statement takes no parameters (views, macros, value lists)."""
    return "'" + text.replace("'", "''") + "'"


# What a Parquet file is called: a table, and cells that are sealed beside tables.
_FILES = (".parquet", ".cells")


def scan_parquet(path: Path) -> str:
    """Return the SQL that reads a Parquet file, or a folder of them in the order of their names.

    A folder `x=1` on the way adds no column.
    """
    if path.suffix not in _FILES:
        path /= "*.parquet"
    return f"read_parquet({quote_text(str(path))}, hive_partitioning = false)"


def show_odd_text(text: str) -> str:
    """Return one short line that shows a delivered name; what cannot be seen is escaped."""
    shown = show_name(text[:_SHOWN_CHARACTERS])
    if len(text) > _SHOWN_CHARACTERS:
        return shown + "…"
    return shown
