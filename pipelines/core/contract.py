"""The input contract as data: tables, their columns, keys and kinds (`contract.yml`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.core.yaml_files import read_yaml

KINDS = frozenset(
    {
        "id",
        "text",
        "phone",
        "enum",
        "date",
        "timestamp",
        "month",
        "money",
        "quantity",
        "integer",
        "bool",
        "year",
    }
)


@dataclass(frozen=True)
class Column:
    """One column of a contract table; `values` only for enums.

    An id with `takes_reserved` may name the whole or the rest; a quantity that `is_amount` is as large as money,
    one with `below` smaller, either side of zero.
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
        return next((c for c in self.columns if c.name == name), None)

    def name_of(self, header: str) -> str:
        """Return the name of the column with that (folded) header; an operator may have headers of its own."""
        return header

    def header_of(self, column: str) -> str:
        """Return the header that a column is looked for by."""
        return column

    @property
    def sheet_name(self) -> str:
        """The (folded) name of a workbook's sheet that holds the table."""
        return self.name


@cache
def contract() -> dict[str, Table]:
    """Load the contract's tables by name, in the contract's order."""
    raw = read_yaml(Path(__file__).with_name("contract.yml"))
    return {name: _table(name, body) for name, body in raw.items()}


def _table(name: str, body: dict[str, Any]) -> Table:
    columns = tuple(_column(column, spec) for column, spec in body["columns"].items())
    return Table(name, tuple(body["key"]), columns, bool(body.get("required", False)))


def _column(name: str, spec: str | dict[str, Any]) -> Column:
    if isinstance(spec, str):
        kind, *star = spec.split()
        spec = {"kind": kind, "required": star == ["*"]}
    column = Column(name, **{**spec, "values": tuple(spec.get("values", ()))})
    if column.kind not in KINDS:
        raise ValueError(
            f"contract.yml: {name}: unknown kind {column.kind!r}; use one of {', '.join(sorted(KINDS))}"
        )
    return column


def snapshot_columns(name: str) -> list[Column]:
    """The columns a snapshot table has: the contract's without personal data, and a local date for every instant."""
    columns: list[Column] = []
    for column in contract()[name].columns:
        if not column.personal:
            columns.append(column)
        if column.kind == "timestamp":
            columns.append(Column(column.name.removesuffix("_at") + "_on", "date", column.required))
    return columns
