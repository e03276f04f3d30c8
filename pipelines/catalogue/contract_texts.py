"""What the contract's tables and columns mean, in two languages, with two example rows each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.core.yaml_files import WRITTEN_IN, Wording, read_yaml

EXAMPLE_MONTH = "2026-10"  # the month that the example rows are of


@dataclass(frozen=True)
class ColumnText:
    """A column's Chinese header, its meaning by language, its value in each example row."""

    header: str
    meaning: Mapping[str, str]
    examples: tuple[str, ...]


@dataclass(frozen=True)
class TableText:
    """A table's name and which rows it has, by language, and its columns."""

    title: Mapping[str, str]
    rows: Mapping[str, str]
    columns: Mapping[str, ColumnText]


@cache
def load_contract_texts() -> Mapping[str, TableText]:
    """Load what is said of each contract table, by its name."""
    entries = read_yaml(Path(__file__).with_name("contract_texts.yml"))
    return {name: _read_table(entry) for name, entry in entries.items()}


def _read_table(entry: Mapping[str, Any]) -> TableText:
    """Read a table's entry."""
    columns = {}
    for name, column in entry["columns"].items():
        columns[name] = _read_column(column)

    return TableText(
        title=_read_words(entry),
        rows=_read_words(entry, "rows_"),
        columns=columns,
    )


def _read_column(entry: Mapping[str, Any]) -> ColumnText:
    """Read a column's entry."""
    examples = [str(value) for value in entry["rows"]]
    return ColumnText(
        header=str(entry["header"]),
        meaning=_read_words(entry),
        examples=tuple(examples),
    )


def _read_words(entry: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """A text by language, of keys that have the same word before each language."""
    return Wording({language: str(entry[before + language]) for language in WRITTEN_IN})
