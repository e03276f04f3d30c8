"""An operator's own names for tables, columns and codes, and a contract table under them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from pipelines.core.contract import Table
from pipelines.sources.operator.header import fold_name

Path_ = tuple[str | int, ...]  # the keys that lead to a place in a YAML document
Lines = Mapping[Path_, int]
Codes = Mapping[str, str | None]  # own code → the contract's value; None means unknown


def empty_when_blank(value: Any) -> Any:
    """Return {} for a key with nothing behind it: a form that is not filled in names nothing."""
    if value in (None, ""):
        return {}
    return value


def _wrap_in_list(value: Any) -> Any:
    """Return one text as a list of it: a table may have one file, or several."""
    if isinstance(value, str):
        return [value]
    return value


class OwnNames(BaseModel):
    """What an operator calls one table, its columns and their values.

    A code of None means unknown.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Annotated[tuple[str, ...], BeforeValidator(_wrap_in_list)] = ()
    sheet: str | None = None
    columns: Annotated[dict[str, str], BeforeValidator(empty_when_blank)] = {}
    codes: Annotated[
        dict[str, Annotated[dict[str, str | None], BeforeValidator(empty_when_blank)]],
        BeforeValidator(empty_when_blank),
    ] = {}


@dataclass(frozen=True, eq=False)
class MappedTable(Table):
    """A contract table as an operator delivers it.

    `headers` lead from an own header to the contract's column, `codes` from a column to its own
    codes and their values; headers and codes are folded.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Codes] = field(default_factory=dict)
    sheet: str | None = None
    mapping: NamesMapping | None = None

    def name_of(self, header: str) -> str:
        """Return the contract's name of a column with that (folded) header."""
        return self.headers.get(header, header)

    def header_of(self, column: str) -> str:
        """Return what the operator calls a column."""
        for own, name in self.headers.items():
            if name == column:
                return own
        return column

    @property
    def sheet_name(self) -> str:
        """The sheet of a workbook that holds the table."""
        if self.sheet:
            return fold_name(self.sheet)
        return self.name


@dataclass(frozen=True)
class NamesMapping:
    """A mapping that was read and found sound; `lines` are those of its keys."""

    file: str
    identity: str
    tables: Mapping[str, OwnNames] = field(default_factory=dict)
    lines: Lines = field(default_factory=dict)

    def apply_to(self, table: Table) -> Table:
        """Return the table as this operator delivers it."""
        own = self.tables.get(table.name)
        if own is None:
            return table

        headers = {fold_name(header): column for header, column in own.columns.items()}
        codes = {column: _fold_codes(values) for column, values in own.codes.items()}
        return MappedTable(
            name=table.name,
            key=table.key,
            columns=table.columns,
            required=table.required,
            headers=headers,
            codes=codes,
            sheet=own.sheet,
            mapping=self,
        )

    def names_file(self, table: str) -> bool:
        """Whether the mapping says which files hold a table."""
        own = self.tables.get(table)
        return own is not None and bool(own.file)

    def find_line(self, *path: str | int) -> int:
        """Return the line of a key, or of the nearest one above it."""
        for length in range(len(path), 0, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return line
        return 1


NO_NAMES = NamesMapping("", "")  # of an operator that delivers by the contract's names


def _fold_codes(values: Codes) -> Codes:
    """Return codes in the form that cells are compared in; an empty value means unknown."""
    return {fold_name(code): value or None for code, value in values.items()}
