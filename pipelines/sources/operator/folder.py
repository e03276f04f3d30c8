"""A folder source: `<source>/<YYYY-MM>/<table>.<ext>`, tables possibly in parts.

An operator may use names of its own, by its `mapping.yml`.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipelines.core.contract import Table, load_contract
from pipelines.core.errors import SourceNotReady
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
    refused_table,
    written_table,
)
from pipelines.sources.operator.formats.csv_file import open_csv
from pipelines.sources.operator.formats.parquet_file import open_parquet
from pipelines.sources.operator.formats.sisters import SisterFiles
from pipelines.sources.operator.formats.xlsx_file import open_xlsx
from pipelines.sources.operator.mapping import MAPPING_FILE, find_mapping
from pipelines.sources.operator.month_files import (
    TableFile,
    check_repeats,
    match_tables,
    sort_parts,
)
from pipelines.sources.operator.own_names import NO_NAMES, NamesMapping
from pipelines.sources.operator.renaming import explain_lost_column, translate_parts
from pipelines.sources.operator.staging import (
    Staged,
    hash_file,
    prepare_output,
    stage_files,
)

# What an operator may deliver of a day.
DAILY_TABLES = ("service", "receivable", "payment", "trouble_ticket", "status_change")

_OPENERS: dict[str, Callable[[Staged, Table, Limits], Part]] = {
    "parquet": open_parquet,
    "xlsx": open_xlsx,
}


@dataclass(frozen=True)
class _FileReader:
    """What it takes to read the files of one month."""

    limits: Limits
    roots: tuple[Path, ...]
    sisters: SisterFiles

    def stage_copies(
        self, files: Sequence[TableFile], folder: Path, staged: list[Staged]
    ) -> None:
        """Add our copies of a table's files to `staged`, one by one.

        So the caller knows, when a file is refused, which came before it.
        """
        chosen = [(file.path, file.kind) for file in files]
        staged.extend(stage_files(chosen, folder, self.limits, self.roots))
        check_repeats(staged)

    def open_parts(
        self, copies: Sequence[Staged], table: Table, folder: Path
    ) -> list[Part]:
        """Open a table's files; a full or read-only disk is a StorageError."""
        return guard_writing(
            folder, lambda: [self._open_part(copy, table) for copy in copies]
        )

    def _open_part(self, copy: Staged, table: Table) -> Part:
        """Open a file by its kind."""
        if copy.kind == "csv":
            return open_csv(copy, table, self.limits, self.sisters.tell_encoding)
        opener = _OPENERS[copy.kind]
        return opener(copy, table, self.limits)


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

    def extract(self, month: Month, into: Path) -> list[Delivery]:
        """Write every delivered table into a folder; one Delivery a table.

        Raise SourceNotReady if the month moves meanwhile.
        """
        files, _ = self._list_files(month)
        before = {file: stat_delivered(file.path) for file in files}

        mapping = self.mapping(month) or NO_NAMES
        staging = into / ".staging"
        reader = self._make_reader(files, month, staging)
        deliveries: list[Delivery] = []
        try:
            for contract_table in self.tables.values():
                table = mapping.apply_to(contract_table)
                of_table = [file for file in files if file.table == table.name]
                deliveries.append(_extract_table(table, of_table, into, reader))
        finally:
            shutil.rmtree(staging, ignore_errors=True)

        self._check_unmoved(month, before)
        return deliveries

    def _make_reader(
        self, files: Sequence[TableFile], month: Month, staging: Path
    ) -> _FileReader:
        """Return what reads the files of a month; `staging` is a folder of ours."""
        roots = self._list_roots(month)
        texts = [(file.path, file.kind) for file in files]
        sisters = SisterFiles(texts, staging / "sisters", self.limits, roots)
        return _FileReader(self.limits, roots, sisters)

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


def _extract_table(
    table: Table,
    files: Sequence[TableFile],
    into: Path,
    reader: _FileReader,
) -> Delivery:
    """Write one table from its files; a file that cannot be trusted refuses the table."""
    output = prepare_output(table.name, into)
    if not files:
        return absent_table(table)

    folder = into / ".staging" / table.name
    staged: list[Staged] = []
    try:
        reader.stage_copies(sort_parts(files), folder, staged)
        parts = reader.open_parts(staged, table, folder)
        schema = write_parts(
            table, translate_parts(table, parts), output, reader.limits
        )
    except FileRefused as refusal:
        explain_lost_column(table, refusal)
        receipts = _receipts_of_refused(staged, refusal.facts.get("file"))
        return refused_table(table, refusal, receipts)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

    receipts = tuple(part.make_receipt() for part in parts)
    return written_table(table, schema.names, receipts)


def _receipts_of_refused(
    staged: Sequence[Staged], refused: str | None
) -> tuple[FileReceipt, ...]:
    """Say which files of a refused table were there; `refused` may never have been copied."""
    receipts = [_receipt_unread(copy.name, copy.sha256, copy.size) for copy in staged]
    names = [copy.name for copy in staged]
    if refused and refused not in names:
        receipts.append(_receipt_unread(refused))
    return tuple(receipts)


def _receipt_unread(name: str, sha256: str = "", size: int = 0) -> FileReceipt:
    """Return the receipt of a file of which no row was read; `size` is in bytes."""
    return FileReceipt(
        name=name,
        sha256=sha256,
        bytes=size,
        encoding=None,
        delimiter=None,
        rows=0,
    )
