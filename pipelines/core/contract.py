"""The input contract as data: tables, their columns, keys and kinds (`contract.yml`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Required, TypedDict

from pipelines.core.yaml_files import read_yaml

_TEXTS = ("id", "text", "phone", "enum")
_TIMES = ("date", "timestamp", "month", "year")
_NUMBERS = ("money", "quantity", "integer")
KINDS = frozenset({*_TEXTS, *_TIMES, *_NUMBERS, "bool"})


@dataclass(frozen=True)
class Column:
    """One column of a contract table; `values` only for enums.

    An id with `takes_reserved` may name the whole or the rest; a quantity that `is_amount` is as
    large as money, one with `below` smaller, either side of zero.
    """

    name: str
    kind: str
    required: bool = False
    personal: bool = False
    takes_reserved: bool = False
    is_amount: bool = False
    below: int | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table an operator delivers; `required` tables must be there for a month to run."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    required: bool = False

    def column(self, name: str) -> Column | None:
        """Return the column of that name, or None when the contract does not know it."""
        return next((column for column in self.columns if column.name == name), None)

    def name_of(self, header: str) -> str:
        """Return the name of the column with that (folded) header; operators may have their own."""
        return header

    def header_of(self, column: str) -> str:
        """Return the header that a column is looked for by."""
        return column

    @property
    def sheet_name(self) -> str:
        """The (folded) name of a workbook's sheet that holds the table."""
        return self.name


@cache
def load_contract() -> dict[str, Table]:
    """Load the contract's tables by name, in the contract's order."""
    path = Path(__file__).with_name("contract.yml")
    entries: dict[str, _TableEntry] = read_yaml(path)
    return {name: _read_table(name, entry) for name, entry in entries.items()}


class _ColumnEntry(TypedDict, total=False):
    """A column of `contract.yml` of which there is more to say than its kind."""

    kind: Required[str]
    required: bool
    personal: bool
    takes_reserved: bool
    is_amount: bool
    below: int
    values: list[str]


class _TableEntry(TypedDict, total=False):
    """A table of `contract.yml`; a column may be its kind alone, starred where it is required."""

    key: Required[list[str]]
    columns: Required[dict[str, str | _ColumnEntry]]
    required: bool


def _read_table(name: str, entry: _TableEntry) -> Table:
    """Read a table's entry."""
    columns = []
    for column_name, column in entry["columns"].items():
        columns.append(_read_column(column_name, column))
    return Table(
        name=name,
        key=tuple(entry["key"]),
        columns=tuple(columns),
        required=bool(entry.get("required", False)),
    )


def _read_column(name: str, entry: str | _ColumnEntry) -> Column:
    """Read a column, which may be its kind alone; raise ValueError for an unknown kind."""
    if isinstance(entry, str):
        kind, *star = entry.split()
        column = Column(name, kind, required=star == ["*"])
    else:
        facts = {fact: value for fact, value in entry.items() if fact != "values"}
        column = Column(name, **facts, values=tuple(entry.get("values", ())))  # type: ignore[arg-type]

    if column.kind not in KINDS:
        known = ", ".join(sorted(KINDS))
        raise ValueError(
            f"contract.yml: {name}: unknown kind {column.kind!r}; use one of {known}"
        )

    return column


def snapshot_columns(name: str) -> list[Column]:
    """Return the columns a snapshot table has.

    They are the contract's without personal data, and a local date for every instant.
    """
    columns: list[Column] = []
    for column in load_contract()[name].columns:
        if not column.personal:
            columns.append(column)
        if column.kind == "timestamp":
            local_date = column.name.removesuffix("_at") + "_on"
            columns.append(Column(local_date, "date", column.required))
    return columns
