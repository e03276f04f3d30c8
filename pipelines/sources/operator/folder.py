"""A folder source: `<source>/<YYYY-MM>/<table>.<ext>`, tables possibly in parts.

An operator may use names of its own, by its `mapping.yml`.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from pipelines.core.contract import load_contract
from pipelines.core.errors import SourceNotReady
from pipelines.core.month import Month
from pipelines.core.names import show_name
from pipelines.sources.operator.delivered_file import stat_delivered
from pipelines.sources.operator.delivery import Delivery, FileRefused, Limits
from pipelines.sources.operator.mapping import MAPPING_FILE, find_mapping
from pipelines.sources.operator.month_files import TableFile, match_tables
from pipelines.sources.operator.own_names import NO_NAMES, NamesMapping
from pipelines.sources.operator.source import CallEach
from pipelines.sources.operator.staging import hash_file
from pipelines.sources.operator.tables.apart import TableFiles, extract_apart
from pipelines.sources.operator.tables.table_files import FileReader, extract_table

# What an operator may deliver of a day.
DAILY_TABLES = ("service", "receivable", "payment", "trouble_ticket", "status_change")


class FolderSource:
    """Reads what an operator put into the month's folder."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.folder = folder
        self.root = folder
        self.limits = limits or Limits()
        self.tables = load_contract()

    def fingerprint(self, month: Month) -> str:
        """Hash the mapping, names and content of the month's files.

        Raise SourceNotReady without the folder.
        """
        files, _ = self._list_files(month)
        paths = {file.path for file in files}
        digest = hashlib.sha256()
        for path in sorted(paths, key=lambda path: path.name):
            content = self._hash_entry(path, month)
            line = f"{path.name}\0{content}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))

        mapping = self.mapping(month)
        if mapping is not None:
            line = f"{mapping.file}\0{mapping.identity}\n"
            digest.update(line.encode())
        return digest.hexdigest()

    def mapping(self, month: Month) -> NamesMapping | None:
        """Return the own names of the month's folder, else of the source."""
        return find_mapping(self._month_folder(month), self.root)

    def unknown_files(self, month: Month) -> tuple[str, ...]:
        """Name what lies in the month's folder but belongs to no contract table."""
        _, unknown = self._list_files(month)
        return unknown

    def extract(
        self, month: Month, into: Path, call_each: CallEach | None = None
    ) -> list[Delivery]:
        """Write every delivered table into a folder; one Delivery a table.

        Workers read the files where there are some.

        Raise SourceNotReady if the month moves meanwhile.
        """
        files, _ = self._list_files(month)
        before = {file: stat_delivered(file.path) for file in files}

        mapping = self.mapping(month) or NO_NAMES
        tables = []
        for contract_table in self.tables.values():
            table = mapping.apply_to(contract_table)
            of_table = tuple(file for file in files if file.table == table.name)
            tables.append(TableFiles(table, of_table))

        staging = into / ".staging"
        roots = self._list_roots(month)
        texts = tuple((file.path, file.kind) for file in files)
        reader = FileReader(self.limits, roots, texts, staging)
        try:
            deliveries = _extract_tables(tables, into, reader, call_each)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

        self._check_unmoved(month, before)
        return deliveries

    def _check_unmoved(
        self, month: Month, before: Mapping[TableFile, tuple[int, ...]]
    ) -> None:
        """Raise SourceNotReady if a file changed, came or went since `before`."""
        for file, stat in before.items():
            if stat_delivered(file.path) != stat:
                raise SourceNotReady("source.growing", file=show_name(file.path.name))
        now, _ = self._list_files(month)
        if len(now) != len(before):
            raise SourceNotReady("source.growing", file=str(month))

    def _list_files(self, month: Month) -> tuple[list[TableFile], tuple[str, ...]]:
        """List the month's files that belong to a table, and the names of those that do not."""
        folder = self._month_folder(month)
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            raise SourceNotReady(
                "source.month_missing", month=folder.name, folder=str(folder)
            ) from error

        mapping = self.mapping(month) or NO_NAMES
        known: list[TableFile] = []
        unknown: list[str] = []
        for entry in entries:
            if entry.name == MAPPING_FILE:
                continue
            files = match_tables(entry, mapping, self.tables)
            known.extend(files)
            if not files:
                unknown.append(show_name(entry.name))
        return known, tuple(unknown)

    def _month_folder(self, month: Month) -> Path:
        return self.folder / str(month)

    def _list_roots(self, month: Month) -> tuple[Path, ...]:
        """List where a link may lead: into the source, or into the month's folder.

        The month's folder may itself be a link.
        """
        return self.folder, self._month_folder(month)

    def _hash_entry(self, path: Path, month: Month) -> str:
        """Return the hash of a file; of what is no file, why it will be refused."""
        try:
            return hash_file(path, self._list_roots(month))
        except FileRefused as refusal:
            return refusal.key


class DaySource(FolderSource):
    """Reads the state at the end of a day, whatever the month it is asked for.

    It lies in `<source>/daily/<YYYY-MM-DD>/`.
    """

    def __init__(self, folder: Path, day: date, limits: Limits | None = None) -> None:
        super().__init__(folder / "daily", limits)
        self.root = folder
        self.day = day
        self.tables = {
            name: table
            for name, table in load_contract().items()
            if name in DAILY_TABLES
        }

    def _month_folder(self, month: Month) -> Path:
        return self.folder / str(self.day)

    def _list_roots(self, month: Month) -> tuple[Path, ...]:
        return self.folder.parent, *super()._list_roots(month)


def _extract_tables(
    tables: Sequence[TableFiles],
    into: Path,
    reader: FileReader,
    call_each: CallEach | None,
) -> list[Delivery]:
    """Write every table: workers do where there are some, else one after the other."""
    if call_each is not None:
        return extract_apart(tables, into, reader, call_each)
    return [extract_table(one.table, one.files, into, reader) for one in tables]
