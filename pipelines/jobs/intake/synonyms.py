"""What operators call tables, columns and values (`synonyms.yml`), and how names are compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypedDict

from pipelines.catalogue.contract_texts import load_contract_texts
from pipelines.core.contract import Column, Table
from pipelines.core.yaml_files import read_yaml
from pipelines.sources.operator.header import fold_name

_PUNCTUATION = re.compile(r"[\W_]+")


class TableSynonyms(TypedDict, total=False):
    """What operators call a table and, where only there, its columns."""

    names: list[str]
    columns: dict[str, list[str]]


class Synonyms(TypedDict):
    """The file of synonyms; codes are by column (`bool`: of every yes/no column), then by value."""

    tables: dict[str, TableSynonyms]
    columns: dict[str, list[str]]
    codes: dict[str, dict[str, list[str]]]


@cache
def load_synonyms() -> Synonyms:
    """Load the file of synonyms."""
    loaded: Synonyms = read_yaml(Path(__file__).with_name("synonyms.yml"))
    return loaded


def _find_table_synonyms(table: str) -> TableSynonyms:
    return load_synonyms()["tables"].get(table, {})


def compare_form(name: str) -> str:
    """Return a name as it is compared: no blanks, no punctuation, half-width, lower case."""
    return _PUNCTUATION.sub("", fold_name(name))


@cache
def table_names(table: str) -> tuple[str, ...]:
    """Return what a table is called, longest first, as it is compared."""
    title = load_contract_texts()[table].title["zh"]
    synonyms = _find_table_synonyms(table).get("names", [])
    names = {compare_form(str(name)) for name in (table, title, *synonyms)}
    return tuple(sorted(names, key=_order_by_length))


def _order_by_length(name: str) -> tuple[int, str]:
    """The longest first."""
    return -len(name), name


def column_synonyms(table: Table, column: Column) -> dict[str, str]:
    """Return what a column of a table is called: the name as it is compared → as it is written."""
    in_table = _find_table_synonyms(table.name).get("columns", {})
    anywhere = load_synonyms()["columns"]
    header = load_contract_texts()[table.name].columns[column.name].header
    names = [
        column.name,
        header,
        *in_table.get(column.name, []),
        *anywhere.get(column.name, []),
    ]
    return {compare_form(str(name)): str(name) for name in names}


def code_synonyms(column: Column) -> Iterator[tuple[str, str]]:
    """Yield (own code, value) of a column with fixed values, or of a yes/no column."""
    name = column.name
    allowed = column.values
    if column.kind == "bool":
        name = "bool"
        allowed = ("true", "false")

    codes_by_value = load_synonyms()["codes"].get(name, {})
    for value, codes in codes_by_value.items():
        if value in allowed:
            for code in codes:
                yield str(code), value
