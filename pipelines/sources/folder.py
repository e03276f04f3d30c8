"""A folder source: `<source>/<YYYY-MM>/<table>.<ext>`, tables possibly in parts."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipelines.core.contract import Table, contract
from pipelines.core.errors import SourceNotReady
from pipelines.core.month import Month
from pipelines.sources.delivery import Delivery, FileReceipt, FileRefused, Limits, absent_table, written_table
from pipelines.sources.formats.csv_file import open_csv
from pipelines.sources.formats.parquet_file import open_parquet
from pipelines.sources.formats.xlsx_file import open_xlsx
from pipelines.sources.part import Part
from pipelines.sources.spool import guard_writing
from pipelines.sources.staging import Staged, hash_file, prepare_output, stage_files, stat_file
from pipelines.sources.writer import write_parts

_NAME = re.compile(r"(?P<table>[a-z_]+?)(?:\.part-(?P<part>[^.]+))?\.(?P<kind>csv\.gz|csv|parquet|xlsx)")
_OPENERS: dict[str, Callable[[Staged, Table, Limits], Part]] = {
    "csv": open_csv,
    "parquet": open_parquet,
    "xlsx": open_xlsx,
}


# What an operator may deliver of a day.
DAILY = ("service", "receivable", "payment", "trouble_ticket", "status_change")


@dataclass(frozen=True)
class TableFile:
    """One file of a month's folder that belongs to a contract table."""

    path: Path
    table: str
    part: str | None
    kind: str

    @property
    def order(self) -> tuple[tuple[int, int, str], ...]:
        """Natural order: part-2 before part-10."""
        pieces = re.findall(r"\d+|\D+", self.part or "")
        return tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in pieces)


class FolderSource:
    """Reads what an operator put into the month's folder."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.folder = folder
        self.limits = limits or Limits()
        self.tables = contract()

    def fingerprint(self, month: Month) -> str:
        """Hash names and content of the month's files; raise SourceNotReady without the folder."""
        digest = hashlib.sha256()
        for file in sorted(self._files(month)[0], key=lambda f: f.path.name):
            digest.update(f"{file.path.name}\0{hash_file(file.path)}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def unknown_files(self, month: Month) -> tuple[str, ...]:
        """Name what lies in the month's folder but belongs to no contract table."""
        return self._files(month)[1]

    def extract(self, month: Month, into: Path) -> list[Delivery]:
        """Write every delivered table into a folder; raise SourceNotReady if the month moves meanwhile."""
        before = {f: stat_file(f.path) for f in self._files(month)[0]}
        staging = into / ".staging"
        try:
            deliveries = [
                self._extract_table(t, [f for f in before if f.table == t.name], into) for t in self.tables.values()
            ]
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        for file, stat in before.items():
            if stat_file(file.path) != stat:
                raise SourceNotReady("source.growing", file=file.path.name)
        if len(self._files(month)[0]) != len(before):
            raise SourceNotReady("source.growing", file=str(month))
        return deliveries

    def _files(self, month: Month) -> tuple[list[TableFile], tuple[str, ...]]:
        """List the month's files that belong to a table, and the names of those that do not."""
        folder = self._folder(month)
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            raise SourceNotReady("source.month_missing", month=folder.name, folder=str(folder)) from error
        found = {entry: self._table_file(entry) for entry in entries}
        return [f for f in found.values() if f], tuple(e.name for e, f in found.items() if f is None)

    def _folder(self, month: Month) -> Path:
        return self.folder / str(month)

    def _table_file(self, path: Path) -> TableFile | None:
        match = _NAME.fullmatch(path.name.lower())
        if not match or match["table"] not in self.tables or not path.is_file():
            return None
        return TableFile(path, match["table"], match["part"], match["kind"])

    def _extract_table(self, table: Table, files: Sequence[TableFile], into: Path) -> Delivery:
        output, staging = prepare_output(table.name, into), into / ".staging" / table.name
        if not files:
            return absent_table(table)
        staged: list[Staged] = []
        try:
            ordered = sorted(files, key=lambda f: (f.order, f.path.name))
            _check_parts(ordered)
            staged.extend(stage_files([(file.path, file.kind) for file in ordered], staging, self.limits))
            _check_repeats(staged)
            parts = guard_writing(staging, lambda: [_OPENERS[copy.kind](copy, table, self.limits) for copy in staged])
            schema = write_parts(table, parts, output, self.limits)
        except FileRefused as refusal:
            receipts = tuple(FileReceipt(copy.name, copy.sha256, copy.size, None, None, 0) for copy in staged)
            return Delivery(table.name, "refused", files=receipts, reason=refusal.key, facts=refusal.facts)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        return written_table(table, schema.names, tuple(part.receipt() for part in parts))


class DaySource(FolderSource):
    """Reads the state at the end of a day: `<source>/daily/<YYYY-MM-DD>/`, whatever the month it is asked for."""

    def __init__(self, folder: Path, day: date, limits: Limits | None = None) -> None:
        super().__init__(folder / "daily", limits)
        self.day = day
        self.tables = {name: table for name, table in contract().items() if name in DAILY}

    def _folder(self, month: Month) -> Path:
        return self.folder / str(self.day)


def _check_parts(files: Sequence[TableFile]) -> None:
    """Refuse what could count rows twice or leave some out: two whole files, a part twice, a gap."""
    names = ", ".join(file.path.name for file in files)
    orders = [file.order for file in files]
    if len(set(orders)) < len(orders) or (len(files) > 1 and files[0].part is None):
        raise FileRefused("ambiguous_files", files=names)
    numbers = [int(file.part) for file in files if file.part and file.part.isdecimal()]
    if len(numbers) == len(files) and numbers != list(range(min(numbers[0], 1), min(numbers[0], 1) + len(files))):
        raise FileRefused("part_missing", files=names)


def _check_repeats(staged: Sequence[Staged]) -> None:
    seen: dict[str, str] = {}
    for copy in staged:
        if copy.sha256 in seen:
            raise FileRefused("duplicate_part", file=copy.name, same_as=seen[copy.sha256])
        seen[copy.sha256] = copy.name
