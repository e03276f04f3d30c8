"""Read an operator's own names: which file is which table, which header which column.

The file `mapping.yml` says it, and which code stands for which value:

    customer:
      file: 客户资料_*.csv
      columns:
        客户编码: customer_id
      codes:
        customer_type:
          政企: group

A mapping renames and translates; it never computes. What it does not name is read as the contract
has it.
"""

from __future__ import annotations

import fnmatch
import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, RootModel, ValidationError

from pipelines.core.contract import Column, Table, load_contract
from pipelines.core.errors import SpecError
from pipelines.core.yaml_files import find_lines, parse_yaml, read_text
from pipelines.sources.operator.header import fold_name
from pipelines.sources.operator.own_names import (
    Codes,
    Lines,
    NamesMapping,
    OwnNames,
    Path_,
    empty_when_blank,
)

MAPPING_FILE = "mapping.yml"
FILE_KINDS = ("csv", "csv.gz", "parquet", "xlsx")
_SURROGATES = re.compile("[\udc80-\udcff]")


class _Document(
    RootModel[dict[str, Annotated[OwnNames, BeforeValidator(empty_when_blank)]]]
):
    """The whole file: own names by contract table."""


# -- names of files ------------------------------------------------------------------------------


def compose_name(name: str) -> str:
    """Return a file's name composed (NFC).

    Bytes that are no UTF-8 are read as the GB18030 of a Windows archive.
    """
    if _SURROGATES.search(name):
        try:
            name = os.fsencode(name).decode("gb18030")
        except UnicodeDecodeError:
            return name
    return unicodedata.normalize("NFC", name)


def find_file_kind(name: str) -> str | None:
    """Return csv, csv.gz, parquet or xlsx by a file's name; None for what is none of them."""
    plain = name.casefold()
    for kind in FILE_KINDS:
        if plain.endswith(f".{kind}"):
            return kind
    return None


def list_owners(mapping: NamesMapping, name: str) -> list[str]:
    """Return the tables whose patterns match a file's name."""
    plain = compose_name(name).casefold()
    owners: list[str] = []
    for table, own in mapping.tables.items():
        patterns = [compose_name(pattern).casefold() for pattern in own.file]
        if any(fnmatch.fnmatchcase(plain, pattern) for pattern in patterns):
            owners.append(table)
    return owners


# -- reading -------------------------------------------------------------------------------------


def find_mapping(*folders: Path) -> NamesMapping | None:
    """Read the `mapping.yml` of the first folder that holds one; None when none does.

    Raise SpecError when it cannot be used.
    """
    for folder in folders:
        path = folder / MAPPING_FILE
        if path.is_file():
            return load_mapping(path)
    return None


def load_mapping(path: Path) -> NamesMapping:
    """Read and check a mapping as a whole.

    Raise SpecError with file and line for one that cannot be used.
    """
    # Two ways to compose a letter are one name; and a code is text: 01 is no number.
    text = unicodedata.normalize("NFC", read_text(path, path.name))
    document = parse_yaml(text, path.name, is_text=True)
    lines = find_lines(text)
    try:
        tables = _Document.model_validate(empty_when_blank(document)).root
    except ValidationError as error:
        raise _refuse_form(error, path.name, lines) from None

    identity = sha256(text.encode()).hexdigest()
    mapping = NamesMapping(path.name, identity, tables, lines)
    for table, own in tables.items():
        _check_table(mapping, table, own)
    return mapping


def _refuse_form(error: ValidationError, file: str, lines: Lines) -> SpecError:
    """Say where the form is wrong, by the first thing that is."""
    first = error.errors()[0]
    path = tuple(part for part in first["loc"] if part != "[key]")
    line = _nearest_line(path, lines)

    if first["type"] == "extra_forbidden":
        return SpecError(
            "mapping.unknown_key",
            file=file,
            line=line,
            name=str(path[-1]),
            allowed=", ".join(OwnNames.model_fields),
        )

    name = ": ".join(str(part) for part in path) or MAPPING_FILE
    return SpecError(
        "mapping.bad_form",
        file=file,
        line=line,
        name=name,
    )


def _nearest_line(path: Path_, lines: Lines) -> int:
    """Return the line of a place, or of the nearest one above it, the document included."""
    for length in range(len(path), -1, -1):
        line = lines.get(path[:length])
        if line is not None:
            return line
    return 1


# -- what a mapping says -------------------------------------------------------------------------


def _check_table(mapping: NamesMapping, table: str, own: OwnNames) -> None:
    """Refuse what the contract does not know, and two names for one thing."""
    known = load_contract().get(table)
    if known is None:
        raise SpecError(
            "mapping.unknown_table",
            file=mapping.file,
            line=mapping.find_line(table),
            name=table,
            like=_closest_name(table, list(load_contract())),
        )

    for number, pattern in enumerate(own.file):
        _check_pattern(mapping, table, number, pattern)
    _check_columns(mapping, known, own.columns)
    for column, values in own.codes.items():
        _check_codes(mapping, known, column, values)


def _check_pattern(
    mapping: NamesMapping,
    table: str,
    number: int,
    pattern: str,
) -> None:
    """Refuse a pattern that no file of the kinds we read can match."""
    is_plain = bool(pattern.strip()) and "/" not in pattern and "\\" not in pattern
    if is_plain and _may_be_delivered(pattern):
        return
    raise SpecError(
        "mapping.bad_file",
        file=mapping.file,
        line=mapping.find_line(table, "file", number),
        table=table,
        name=pattern,
        allowed=", ".join(FILE_KINDS),
    )


def _may_be_delivered(pattern: str) -> bool:
    """Whether a pattern ends in a kind of file that we read, or leaves the ending open."""
    if find_file_kind(pattern) is not None:
        return True
    if "*" not in pattern:
        return False
    ending = pattern.rpartition(".")[2]
    has_open_ending = any(sign in ending for sign in "*?[")
    return has_open_ending or "." not in pattern


def _check_columns(
    mapping: NamesMapping, table: Table, columns: Mapping[str, str]
) -> None:
    """Refuse a column that the contract does not know, one named twice, two headers alike."""
    header_by_folded: dict[str, str] = {}
    header_by_column: dict[str, str] = {}
    for header, column in columns.items():
        facts = {
            "file": mapping.file,
            "line": mapping.find_line(table.name, "columns", header),
            "table": table.name,
            "header": header,
            "name": column,
        }
        if table.column(column) is None:
            like = _closest_column(column, table)
            raise SpecError("mapping.unknown_column", **facts, like=like)

        if column in header_by_column:
            other = header_by_column[column]
            first = mapping.find_line(table.name, "columns", other)
            raise SpecError("mapping.column_twice", **facts, other=other, first=first)

        folded = fold_name(header)
        if not folded or folded in header_by_folded:
            other = header_by_folded.get(folded, "")
            first = mapping.find_line(table.name, "columns", other)
            raise SpecError("mapping.header_twice", **facts, other=other, first=first)

        header_by_column[column] = header
        header_by_folded[folded] = header


@dataclass(frozen=True)
class _CodesAt:
    """Where the codes of one column stand in a mapping."""

    mapping: NamesMapping
    table: str
    column: str

    def refuse_codes(self, key: str, *code: str, **facts: object) -> SpecError:
        """Return the error at the column's line, or at a code's."""
        return SpecError(
            key,
            file=self.mapping.file,
            table=self.table,
            name=self.column,
            line=self.mapping.find_line(self.table, "codes", self.column, *code),
            **facts,
        )


def _check_codes(
    mapping: NamesMapping,
    table: Table,
    name: str,
    values: Codes,
) -> None:
    """Refuse codes of a column that takes none, values it does not have, two codes alike."""
    place = _CodesAt(mapping, table.name, name)
    column = table.column(name)
    if column is None:
        like = _closest_column(name, table)
        raise place.refuse_codes("mapping.unknown_column", header="codes", like=like)

    allowed = list_code_values(column)
    if not allowed:
        raise place.refuse_codes("mapping.takes_no_codes", kind=column.kind)

    code_by_folded: dict[str, str] = {}
    for code, value in values.items():
        may_be_empty = not value and not column.required
        if value not in allowed and not may_be_empty:
            raise place.refuse_codes(
                "mapping.unknown_value",
                code,
                code=code,
                value=value or "",
                allowed=", ".join(allowed),
            )

        folded = fold_name(code)
        if folded in code_by_folded:
            other = code_by_folded[folded]
            raise place.refuse_codes("mapping.code_twice", code, code=code, other=other)
        code_by_folded[folded] = code


def list_code_values(column: Column) -> tuple[str, ...]:
    """Return what an own code of a column may be translated to.

    Nothing for a column that takes no codes.
    """
    if column.kind == "bool":
        return ("true", "false")
    return column.values


def _closest_name(name: str, names: Sequence[str]) -> str:
    """Return the name that looks most like one, or all of them."""
    matches = get_close_matches(name, names, 1)
    if matches:
        return matches[0]
    return ", ".join(names)


def _closest_column(name: str, table: Table) -> str:
    """Return the table's column that looks most like a name, or all of them."""
    return _closest_name(name, [column.name for column in table.columns])
