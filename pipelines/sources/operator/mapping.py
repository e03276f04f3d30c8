"""An operator's own names: `mapping.yml` says which file is which table, which header which column, which code which value.

    customer:
      file: 客户资料_*.csv
      columns:
        客户编码: customer_id
      codes:
        customer_type:
          政企: group

A mapping renames and translates; it never computes. What it does not name is read as the contract has it.
"""

from __future__ import annotations

import fnmatch
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, RootModel, ValidationError

from pipelines.core.contract import Column, Table, contract
from pipelines.core.errors import SpecError
from pipelines.core.yaml_files import find_lines, parse_yaml, read_text
from pipelines.sources.operator.header import fold_name

MAPPING = "mapping.yml"
KINDS = ("csv", "csv.gz", "parquet", "xlsx")
_SURROGATES = re.compile("[\udc80-\udcff]")

Path_ = tuple[str | int, ...]
Lines = Mapping[Path_, int]


def _empty_when_blank(value: Any) -> Any:
    """A key with nothing behind it, as in a form that is not filled in, names nothing."""
    return {} if value in (None, "") else value


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class OwnNames(BaseModel):
    """What an operator calls one table, its columns and their values; a code of None means unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()
    sheet: str | None = None
    columns: Annotated[dict[str, str], BeforeValidator(_empty_when_blank)] = {}
    codes: Annotated[
        dict[str, Annotated[dict[str, str | None], BeforeValidator(_empty_when_blank)]],
        BeforeValidator(_empty_when_blank),
    ] = {}


class _Document(RootModel[dict[str, Annotated[OwnNames, BeforeValidator(_empty_when_blank)]]]):
    """The whole file: own names by contract table."""


@dataclass(frozen=True, eq=False)
class MappedTable(Table):
    """A contract table as an operator delivers it."""

    headers: Mapping[str, str] = field(default_factory=dict)  # own header, folded → contract column
    codes: Mapping[str, Mapping[str, str | None]] = field(
        default_factory=dict
    )  # column → own code, folded → value
    sheet: str | None = None
    mapping: NamesMapping | None = None

    def name_of(self, header: str) -> str:
        """Return the contract's name of a column with that (folded) header."""
        return self.headers.get(header, header)

    def header_of(self, column: str) -> str:
        """Return what the operator calls a column."""
        return next((own for own, name in self.headers.items() if name == column), column)

    @property
    def sheet_name(self) -> str:
        """The sheet of a workbook that holds the table."""
        return fold_name(self.sheet) if self.sheet else self.name


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
        codes = {
            column: {fold_name(code): value or None for code, value in values.items()}
            for column, values in own.codes.items()
        }
        common = {name: getattr(table, name) for name in ("name", "key", "columns", "required")}
        return MappedTable(**common, headers=headers, codes=codes, sheet=own.sheet, mapping=self)

    def names_file(self, table: str) -> bool:
        """Whether the mapping says which files hold a table."""
        own = self.tables.get(table)
        return own is not None and bool(own.file)

    def tables_of(self, name: str) -> list[str]:
        """Return the tables whose patterns match a file's name."""
        plain = plain_name(name).casefold()
        return [
            table
            for table, own in self.tables.items()
            if any(
                fnmatch.fnmatchcase(plain, plain_name(pattern).casefold()) for pattern in own.file
            )
        ]

    def line(self, *path: str | int) -> int:
        """Return the line of a key, or of the nearest one above it."""
        return next(
            (self.lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.lines), 1
        )


def plain_name(name: str) -> str:
    """Return a file's name composed (NFC); bytes that are no UTF-8 are read as the GB18030 of a Windows archive."""
    if _SURROGATES.search(name):
        try:
            name = os.fsencode(name).decode("gb18030")
        except UnicodeDecodeError:
            return name
    return unicodedata.normalize("NFC", name)


def file_kind(name: str) -> str | None:
    """Return csv, csv.gz, parquet or xlsx by a file's name; None for what is none of them."""
    plain = name.casefold()
    return next((kind for kind in KINDS if plain.endswith(f".{kind}")), None)


def find_mapping(*folders: Path) -> NamesMapping | None:
    """Read the `mapping.yml` of the first folder that holds one; raise SpecError when it cannot be used."""
    path = next((folder / MAPPING for folder in folders if (folder / MAPPING).is_file()), None)
    return load_mapping(path) if path else None


def load_mapping(path: Path) -> NamesMapping:
    """Read and check a mapping as a whole; raise SpecError with file and line for one that cannot be used."""
    # Two ways to compose a letter are one name; and a code is text: 01 is no number.
    text = unicodedata.normalize("NFC", read_text(path, path.name))
    document = parse_yaml(text, path.name, is_text=True)
    lines = find_lines(text)
    try:
        tables = _Document.model_validate(_empty_when_blank(document)).root
    except ValidationError as error:
        raise _misshapen(error, path.name, lines) from None
    identity = sha256(text.encode()).hexdigest()
    mapping = NamesMapping(path.name, identity, tables, lines)
    for table, own in tables.items():
        _check_table(mapping, table, own)
    return mapping


def _misshapen(error: ValidationError, file: str, lines: Lines) -> SpecError:
    """Say where the form is wrong, by the first thing that is."""
    first = error.errors()[0]
    path = tuple(part for part in first["loc"] if part != "[key]")
    known = next((path[:n] for n in range(len(path), -1, -1) if path[:n] in lines), ())
    line = lines.get(known, 1)
    if first["type"] == "extra_forbidden":
        keys = ", ".join(OwnNames.model_fields)
        return SpecError(
            "mapping.unknown_key", file=file, line=line, name=str(path[-1]), allowed=keys
        )
    name = ": ".join(str(part) for part in path) or MAPPING
    return SpecError("mapping.bad_form", file=file, line=line, name=name)


# -- what it says ------------------------------------------------------------------------------------------------


def _check_table(mapping: NamesMapping, table: str, own: OwnNames) -> None:
    """Refuse what the contract does not know, and two names for one thing."""
    known = contract().get(table)
    if known is None:
        facts = {"name": table, "like": closest_name(table, list(contract()))}
        raise SpecError(
            "mapping.unknown_table", file=mapping.file, line=mapping.line(table), **facts
        )
    for place, pattern in enumerate(own.file):
        _check_pattern(mapping, table, place, pattern)
    _check_columns(mapping, known, own.columns)
    for column, values in own.codes.items():
        _check_codes(mapping, known, column, values)


def _check_pattern(mapping: NamesMapping, table: str, place: int, pattern: str) -> None:
    ending = pattern.rpartition(".")[2]
    is_open = any(sign in ending for sign in "*?[") or "." not in pattern
    is_known = file_kind(pattern) is not None or (is_open and "*" in pattern)
    if not pattern.strip() or "/" in pattern or "\\" in pattern or not is_known:
        line = mapping.line(table, "file", place)
        facts = {"table": table, "name": pattern, "allowed": ", ".join(KINDS)}
        raise SpecError("mapping.bad_file", file=mapping.file, line=line, **facts)


def _check_columns(mapping: NamesMapping, table: Table, columns: Mapping[str, str]) -> None:
    headers: dict[str, str] = {}
    named: dict[str, str] = {}
    for header, column in columns.items():
        line = mapping.line(table.name, "columns", header)
        facts = {
            "file": mapping.file,
            "line": line,
            "table": table.name,
            "header": header,
            "name": column,
        }
        if table.column(column) is None:
            raise SpecError("mapping.unknown_column", **facts, like=_like_column(column, table))
        if column in named:
            other = mapping.line(table.name, "columns", named[column])
            raise SpecError("mapping.column_twice", **facts, other=named[column], first=other)
        folded = fold_name(header)
        if not folded or folded in headers:
            other_header = headers.get(folded, "")
            other = mapping.line(table.name, "columns", other_header)
            raise SpecError("mapping.header_twice", **facts, other=other_header, first=other)
        named[column], headers[folded] = header, header


def _check_codes(
    mapping: NamesMapping, table: Table, name: str, values: Mapping[str, str | None]
) -> None:
    line = mapping.line(table.name, "codes", name)
    facts: dict[str, object] = {"file": mapping.file, "table": table.name, "name": name}
    column = table.column(name)
    if column is None:
        raise SpecError(
            "mapping.unknown_column",
            **facts,
            line=line,
            header="codes",
            like=_like_column(name, table),
        )
    allowed = code_values(column)
    if not allowed:
        raise SpecError("mapping.takes_no_codes", **facts, line=line, kind=column.kind)
    seen: dict[str, str] = {}
    for code, value in values.items():
        at = mapping.line(table.name, "codes", name, code)
        is_known = value in allowed or (not value and not column.required)
        if not is_known:
            given = {"code": code, "value": value or "", "allowed": ", ".join(allowed)}
            raise SpecError("mapping.unknown_value", **facts, line=at, **given)
        folded = fold_name(code)
        if folded in seen:
            raise SpecError("mapping.code_twice", **facts, line=at, code=code, other=seen[folded])
        seen[folded] = code


def code_values(column: Column) -> tuple[str, ...]:
    """Return what an own code of a column may be translated to; nothing for a column that takes no codes."""
    return ("true", "false") if column.kind == "bool" else column.values


def closest_name(name: str, names: list[str]) -> str:
    """Return the name that looks most like one, or all of them."""
    return next(iter(get_close_matches(name, names, 1)), ", ".join(names))


def _like_column(name: str, table: Table) -> str:
    return closest_name(name, [column.name for column in table.columns])
