"""What tables and columns of the contract mean, in two languages, with two example rows (`contract_texts.yml`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.core.yaml_files import read_yaml

EXAMPLE_MONTH = "2026-10"  # the month that the example rows are of


@dataclass(frozen=True)
class ColumnText:
    """A column's Chinese header, its meaning by language, and its value in each of the example rows."""

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
def contract_texts() -> Mapping[str, TableText]:
    """Load what is said of each contract table, by its name."""
    texts = read_yaml(Path(__file__).with_name("contract_texts.yml"))
    return {name: _table(body) for name, body in texts.items()}


def _table(body: Mapping[str, Any]) -> TableText:
    title = {language: str(body[language]) for language in ("zh", "en")}
    rows = {language: str(body[f"rows_{language}"]) for language in ("zh", "en")}
    return TableText(title, rows, {name: _column(spec) for name, spec in body["columns"].items()})


def _column(spec: Mapping[str, Any]) -> ColumnText:
    meaning = {language: str(spec[language]) for language in ("zh", "en")}
    return ColumnText(str(spec["header"]), meaning, tuple(str(value) for value in spec["rows"]))
