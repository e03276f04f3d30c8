"""What operators call tables, columns and values (`synonyms.yml`), and how names are compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.catalogue.contract_texts import contract_texts
from pipelines.core.contract import Column, Table
from pipelines.core.yaml_files import read_yaml
from pipelines.sources.operator.header import fold_name

_PUNCTUATION = re.compile(r"[\W_]+")


@cache
def load_synonyms() -> dict[str, Any]:
    """Load the file of synonyms."""
    loaded: dict[str, Any] = read_yaml(Path(__file__).with_name("synonyms.yml"))
    return loaded


def compare_form(name: str) -> str:
    """Return a name as it is compared: no blanks, no punctuation, half-width, lower case."""
    return _PUNCTUATION.sub("", fold_name(name))


@cache
def table_names(table: str) -> tuple[str, ...]:
    """Return what a table is called, longest first, as it is compared."""
    said = load_synonyms()["tables"].get(table, {}).get("names", [])
    names = {
        compare_form(str(name)) for name in (table, contract_texts()[table].title["zh"], *said)
    }
    return tuple(sorted(names, key=lambda name: (-len(name), name)))


def column_synonyms(table: Table, column: Column) -> dict[str, str]:
    """Return what a column of a table is called: the name as it is compared → as it is written."""
    own = load_synonyms()["tables"].get(table.name, {}).get("columns", {}).get(column.name, [])
    common = load_synonyms()["columns"].get(column.name, [])
    header = contract_texts()[table.name].columns[column.name].header
    return {compare_form(str(name)): str(name) for name in (column.name, header, *own, *common)}


def code_synonyms(column: Column) -> Iterator[tuple[str, str]]:
    """Yield (own code, value) of a column with fixed values, or of a yes/no column."""
    by_value = load_synonyms()["codes"].get("bool" if column.kind == "bool" else column.name, {})
    allowed = ("true", "false") if column.kind == "bool" else column.values
    for value, codes in by_value.items():
        if value in allowed:
            yield from ((str(code), value) for code in codes)
