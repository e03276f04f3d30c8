"""The files of one delivered table become its raw table: copied, opened by their kind, written."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipelines.core.contract import Table
from pipelines.sources.operator.batches.part import Part
from pipelines.sources.operator.batches.spool import guard_writing
from pipelines.sources.operator.batches.writer import write_parts
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
from pipelines.sources.operator.month_files import TableFile, check_repeats, sort_parts
from pipelines.sources.operator.renaming import explain_lost_column, translate_parts
from pipelines.sources.operator.staging import Staged, prepare_output, stage_files

_OPENERS: dict[str, Callable[[Staged, Table, Limits], Part]] = {
    "parquet": open_parquet,
    "xlsx": open_xlsx,
}


@dataclass(frozen=True)
class FileReader:
    """What it takes to read the files of one month.

    `texts` are all its files with their kinds, `staging` is a folder of ours.
    """

    limits: Limits
    roots: tuple[Path, ...]
    texts: tuple[tuple[Path, str], ...]
    staging: Path

    @cached_property
    def sister_files(self) -> SisterFiles:
        """Those of the files that tell how a doubtful one is written."""
        folder = self.staging / "sisters"
        return SisterFiles(self.texts, folder, self.limits, self.roots)

    def stage_copies(
        self, files: Sequence[TableFile], folder: Path, staged: list[Staged]
    ) -> None:
        """Add our copies of a table's files to `staged`, one by one.

        So the caller knows, when a file is refused, which came before it.
        """
        chosen = [(file.path, file.kind) for file in files]
        staged.extend(stage_files(chosen, folder, self.limits, self.roots))

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
            return open_csv(copy, table, self.limits, self.sister_files.tell_encoding)
        opener = _OPENERS[copy.kind]
        return opener(copy, table, self.limits)


def extract_table(
    table: Table,
    files: Sequence[TableFile],
    into: Path,
    reader: FileReader,
) -> Delivery:
    """Write one table from its files; a file that cannot be trusted refuses the table."""
    output = prepare_output(table.name, into)
    if not files:
        return absent_table(table)

    folder = reader.staging / table.name
    staged: list[Staged] = []
    try:
        reader.stage_copies(sort_parts(files), folder, staged)
        check_repeats(staged)
        parts = reader.open_parts(staged, table, folder)
        return write_table(table, parts, output, reader.limits)
    except FileRefused as refusal:
        return refuse_table(table, refusal, staged)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_table(
    table: Table, parts: Sequence[Part], output: Path, limits: Limits
) -> Delivery:
    """Write one table from its opened files; raise FileRefused for one that cannot be trusted."""
    translated = translate_parts(table, parts)
    schema = write_parts(table, translated, output, limits)
    receipts = tuple(part.make_receipt() for part in parts)
    return written_table(table, schema.names, receipts)


def refuse_table(
    table: Table, refusal: FileRefused, staged: Sequence[Staged]
) -> Delivery:
    """Return the delivery of a table that a file of it refuses; `staged` were copied before.

    Raise SpecError where the mapping is why.
    """
    explain_lost_column(table, refusal)
    receipts = _receipts_of_refused(staged, refusal.facts.get("file"))
    return refused_table(table, refusal, receipts)


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
