"""A folder source: `<source>/<YYYY-MM>/<table>.<ext>`, tables possibly in parts; own names by its `mapping.yml`."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipelines.core.contract import Table, contract
from pipelines.core.errors import SourceNotReady, SpecError
from pipelines.core.month import Month
from pipelines.core.names import show_name
from pipelines.sources.operator.batches.part import Part
from pipelines.sources.operator.batches.spool import guard_writing
from pipelines.sources.operator.batches.writer import write_parts
from pipelines.sources.operator.delivered_file import stat_delivered
from pipelines.sources.operator.delivery import (
    Delivery,
    FileReceipt,
    FileRefused,
    Limits,
    absent_table,
    written_table,
)
from pipelines.sources.operator.formats.csv_file import open_csv
from pipelines.sources.operator.formats.parquet_file import open_parquet
from pipelines.sources.operator.formats.sisters import SisterFiles
from pipelines.sources.operator.formats.xlsx_file import open_xlsx
from pipelines.sources.operator.mapping import MAPPING, NamesMapping, file_kind, find_mapping
from pipelines.sources.operator.renaming import explain_lost_column, translate_parts
from pipelines.sources.operator.staging import Staged, hash_file, prepare_output, stage_files

_NAME = re.compile(
    r"(?P<table>[a-z_]+?)(?:\.part-(?P<part>[^.]+))?\.(?P<kind>csv\.gz|csv|parquet|xlsx)"
)
_OPENERS: dict[str, Callable[[Staged, Table, Limits], Part]] = {
    "parquet": open_parquet,
    "xlsx": open_xlsx,
}


# What an operator may deliver of a day.
DAILY = ("service", "receivable", "payment", "trouble_ticket", "status_change")


@dataclass(frozen=True)
class TableFile:
    """One file of a month's folder that belongs to a contract table; an own name is a part by itself."""

    path: Path
    table: str
    part: str | None
    kind: str
    is_own_name: bool = False

    @property
    def order(self) -> tuple[tuple[int, int, str], ...]:
        """Natural order: part-2 before part-10."""
        pieces = re.findall(r"\d+|\D+", self.part or "")
        return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in pieces)


@dataclass(frozen=True)
class _FileReader:
    """What it takes to read the files of one month."""

    limits: Limits
    roots: tuple[Path, ...]
    sisters: SisterFiles

    def open_part(self, copy: Staged, table: Table) -> Part:
        """Open a file by its kind."""
        if copy.kind == "csv":
            return open_csv(copy, table, self.limits, self.sisters.tell_encoding)
        return _OPENERS[copy.kind](copy, table, self.limits)


class FolderSource:
    """Reads what an operator put into the month's folder."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.folder = folder
        self.root = folder
        self.limits = limits or Limits()
        self.tables = contract()

    def fingerprint(self, month: Month) -> str:
        """Hash the mapping, names and content of the month's files; raise SourceNotReady without the folder."""
        digest = hashlib.sha256()
        for path in sorted(
            {file.path for file in self._files(month)[0]}, key=lambda path: path.name
        ):
            digest.update(
                f"{path.name}\0{self._hash(path, month)}\n".encode("utf-8", "surrogateescape")
            )
        mapping = self.mapping(month)
        if mapping is not None:
            digest.update(f"{mapping.file}\0{mapping.identity}\n".encode())
        return digest.hexdigest()

    def mapping(self, month: Month) -> NamesMapping | None:
        """Return the own names of the month's folder, else of the source."""
        return find_mapping(self._folder(month), self.root)

    def unknown_files(self, month: Month) -> tuple[str, ...]:
        """Name what lies in the month's folder but belongs to no contract table."""
        return self._files(month)[1]

    def extract(self, month: Month, into: Path) -> list[Delivery]:
        """Write every delivered table into a folder; raise SourceNotReady if the month moves meanwhile."""
        before = {f: stat_delivered(f.path) for f in self._files(month)[0]}
        mapping = self.mapping(month) or NamesMapping("", "")
        tables = [mapping.apply_to(table) for table in self.tables.values()]
        staging = into / ".staging"
        texts = [(file.path, file.kind) for file in before]
        sisters = SisterFiles(texts, staging / "sisters", self.limits, self._roots(month))
        reader = _FileReader(self.limits, self._roots(month), sisters)
        try:
            deliveries = [
                self._extract_table(t, [f for f in before if f.table == t.name], into, reader)
                for t in tables
            ]
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        for file, stat in before.items():
            if stat_delivered(file.path) != stat:
                raise SourceNotReady("source.growing", file=show_name(file.path.name))
        if len(self._files(month)[0]) != len(before):
            raise SourceNotReady("source.growing", file=str(month))
        return deliveries

    def _files(self, month: Month) -> tuple[list[TableFile], tuple[str, ...]]:
        """List the month's files that belong to a table, and the names of those that do not."""
        folder = self._folder(month)
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            raise SourceNotReady(
                "source.month_missing", month=folder.name, folder=str(folder)
            ) from error
        mapping = self.mapping(month) or NamesMapping("", "")
        found = {
            entry: self._table_files(entry, mapping) for entry in entries if entry.name != MAPPING
        }
        unknown = tuple(show_name(entry.name) for entry, files in found.items() if not files)
        return [file for files in found.values() for file in files], unknown

    def _folder(self, month: Month) -> Path:
        return self.folder / str(month)

    def _roots(self, month: Month) -> tuple[Path, ...]:
        """Where a link may lead: into the source, or into the month's folder, which may itself be a link."""
        return self.folder, self._folder(month)

    def _hash(self, path: Path, month: Month) -> str:
        """Return the hash of a file; of what is none, why it will be refused."""
        try:
            return hash_file(path, self._roots(month))
        except FileRefused as refusal:
            return refusal.key

    def _table_files(self, path: Path, mapping: NamesMapping) -> list[TableFile]:
        """Return what a file holds: one table, or, of a workbook with several sheets, all that the mapping says."""
        kind, owners = file_kind(path.name), mapping.tables_of(path.name)
        if owners and kind is not None:
            if len(owners) > 1 and kind != "xlsx":
                facts = {"table": owners[1], "other": owners[0], "delivered": show_name(path.name)}
                line = mapping.line(owners[1], "file")
                raise SpecError("mapping.file_of_two", file=mapping.file, line=line, **facts)
            return [
                TableFile(path, table, path.name, kind, True)
                for table in owners
                if table in self.tables
            ]
        match = _NAME.fullmatch(path.name.lower())
        if not match or match["table"] not in self.tables:
            return []
        if mapping.names_file(match["table"]):
            return []
        return [TableFile(path, match["table"], match["part"], match["kind"])]

    def _extract_table(
        self, table: Table, files: Sequence[TableFile], into: Path, reader: _FileReader
    ) -> Delivery:
        output, staging = prepare_output(table.name, into), into / ".staging" / table.name
        if not files:
            return absent_table(table)
        staged: list[Staged] = []
        try:
            ordered = sorted(files, key=lambda f: (f.order, f.path.name))
            _check_parts(ordered)
            chosen = [(file.path, file.kind) for file in ordered]
            staged.extend(stage_files(chosen, staging, reader.limits, reader.roots))
            _check_repeats(staged)
            parts = guard_writing(
                staging, lambda: [reader.open_part(copy, table) for copy in staged]
            )
            schema = write_parts(table, translate_parts(table, parts), output, reader.limits)
        except FileRefused as refusal:
            explain_lost_column(table, refusal)
            receipts = _receipts(staged, refusal.facts.get("file"))
            return Delivery(
                table.name, "refused", files=receipts, reason=refusal.key, facts=refusal.facts
            )
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        return written_table(table, schema.names, tuple(part.receipt() for part in parts))


class DaySource(FolderSource):
    """Reads the state at the end of a day: `<source>/daily/<YYYY-MM-DD>/`, whatever the month it is asked for."""

    def __init__(self, folder: Path, day: date, limits: Limits | None = None) -> None:
        super().__init__(folder / "daily", limits)
        self.root = folder
        self.day = day
        self.tables = {name: table for name, table in contract().items() if name in DAILY}

    def _folder(self, month: Month) -> Path:
        return self.folder / str(self.day)

    def _roots(self, month: Month) -> tuple[Path, ...]:
        return self.folder.parent, *super()._roots(month)


def _receipts(staged: Sequence[Staged], refused: str | None) -> tuple[FileReceipt, ...]:
    """Say which files of a refused table were there; the refused one may never have been copied."""
    receipts = [FileReceipt(copy.name, copy.sha256, copy.size, None, None, 0) for copy in staged]
    if refused and refused not in [receipt.name for receipt in receipts]:
        receipts.append(FileReceipt(refused, "", 0, None, None, 0))
    return tuple(receipts)


def _check_parts(files: Sequence[TableFile]) -> None:
    """Refuse what could count rows twice or leave some out: two whole files, a part twice, a gap."""
    if all(file.is_own_name for file in files):
        return
    names = ", ".join(show_name(file.path.name) for file in files)
    orders = [file.order for file in files]
    if len(set(orders)) < len(orders) or (len(files) > 1 and files[0].part is None):
        raise FileRefused("ambiguous_files", files=names)
    numbers = [int(file.part) for file in files if file.part and file.part.isdecimal()]
    if len(numbers) == len(files) and numbers != list(
        range(min(numbers[0], 1), min(numbers[0], 1) + len(files))
    ):
        raise FileRefused("part_missing", files=names)


def _check_repeats(staged: Sequence[Staged]) -> None:
    seen: dict[str, str] = {}
    for copy in staged:
        if copy.sha256 in seen:
            raise FileRefused("duplicate_part", file=copy.name, same_as=seen[copy.sha256])
        seen[copy.sha256] = copy.name
