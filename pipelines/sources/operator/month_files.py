"""Which files of a month's folder belong to which contract table, and in which order."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.core.errors import SpecError
from pipelines.core.names import show_name
from pipelines.sources.operator.delivery import FileRefused
from pipelines.sources.operator.mapping import find_file_kind, list_owners
from pipelines.sources.operator.own_names import NamesMapping
from pipelines.sources.operator.staging import Staged

_NAME = re.compile(
    r"(?P<table>[a-z_]+?)(?:\.part-(?P<part>[^.]+))?\.(?P<kind>csv\.gz|csv|parquet|xlsx)"
)
_DIGITS_OR_LETTERS = re.compile(r"\d+|\D+")


@dataclass(frozen=True)
class TableFile:
    """One file of a month's folder that belongs to a contract table.

    A file with a name of the operator's own is a part by itself.
    """

    path: Path
    table: str
    part: str | None
    kind: str
    is_own_name: bool = False

    @property
    def part_order(self) -> tuple[tuple[int, int, str], ...]:
        """What sorts parts naturally: part-2 before part-10, numbers before letters."""
        order: list[tuple[int, int, str]] = []
        for piece in _DIGITS_OR_LETTERS.findall(self.part or ""):
            if piece.isdecimal():
                order.append((0, int(piece), ""))
            else:
                order.append((1, 0, piece))
        return tuple(order)


def match_tables(
    path: Path, mapping: NamesMapping, tables: Collection[str]
) -> list[TableFile]:
    """Return what a file holds, a TableFile a table: one, or none of the tables.

    Of a workbook with several sheets, all that the mapping says. Raise SpecError when the mapping
    gives a file of one table to two.
    """
    owners = list_owners(mapping, path.name)
    kind = find_file_kind(path.name)
    if owners and kind is not None:
        if len(owners) > 1 and kind != "xlsx":
            raise _refuse_two_owners(path, mapping, owners)
        return [
            TableFile(path, table, path.name, kind, is_own_name=True)
            for table in owners
            if table in tables
        ]
    return _match_contract_name(path, mapping, tables)


def _match_contract_name(
    path: Path, mapping: NamesMapping, tables: Collection[str]
) -> list[TableFile]:
    """Return what a file holds by the contract's names of files.

    Nothing if the mapping says that the table lies in others.
    """
    match = _NAME.fullmatch(path.name.lower())
    if match is None or match["table"] not in tables:
        return []
    if mapping.names_file(match["table"]):
        return []
    return [TableFile(path, match["table"], match["part"], match["kind"])]


def _refuse_two_owners(
    path: Path, mapping: NamesMapping, owners: Sequence[str]
) -> SpecError:
    """Say which table of the mapping claims a file that another one has."""
    first, second = owners[:2]
    return SpecError(
        "mapping.file_of_two",
        file=mapping.file,
        line=mapping.find_line(second, "file"),
        table=second,
        other=first,
        delivered=show_name(path.name),
    )


def sort_parts(files: Sequence[TableFile]) -> list[TableFile]:
    """Return a table's files in the order in which they are read.

    Raise FileRefused for what could count rows twice or leave some out: two whole files, a part
    twice, a gap.
    """
    ordered = sorted(files, key=_order_of_file)
    if all(file.is_own_name for file in ordered):
        return ordered

    shown = [show_name(file.path.name) for file in ordered]
    names = ", ".join(shown)
    part_orders = {file.part_order for file in ordered}
    has_repeat = len(part_orders) < len(ordered)
    has_whole_among_parts = len(ordered) > 1 and ordered[0].part is None
    if has_repeat or has_whole_among_parts:
        raise FileRefused("ambiguous_files", files=names)
    if _has_gap(ordered):
        raise FileRefused("part_missing", files=names)
    return ordered


def _order_of_file(file: TableFile) -> tuple[tuple[tuple[int, int, str], ...], str]:
    return file.part_order, file.path.name


def _has_gap(ordered: Sequence[TableFile]) -> bool:
    """Whether numbered parts leave a number out; they may begin with 0 or 1."""
    numbers: list[int] = []
    for file in ordered:
        if not file.part or not file.part.isdecimal():
            return False
        numbers.append(int(file.part))
    start = min(numbers[0], 1)
    expected = list(range(start, start + len(numbers)))
    return numbers != expected


def check_repeats(staged: Sequence[Staged]) -> None:
    """Refuse two files of a table with the same content."""
    name_by_hash: dict[str, str] = {}
    for copy in staged:
        same_as = name_by_hash.get(copy.sha256)
        if same_as is not None:
            raise FileRefused("duplicate_part", file=copy.name, same_as=same_as)
        name_by_hash[copy.sha256] = copy.name
