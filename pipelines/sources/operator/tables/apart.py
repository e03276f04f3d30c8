"""A month's tables, taken in where workers are: a file a task, so that no row passes the driver.

A table of one file is a task. Of one that came in several each file is read by a task of its own,
and its rows are put aside; one more task lays them under each other, as one process does. A task
works in a folder of its own and puts what it has finished in its place at once: one that is tried
again, or runs twice, leaves the same.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from pipelines.core.contract import Table
from pipelines.core.errors import SourceNotReady
from pipelines.sources.operator.batches.part import Part, batch_schema, read_nothing
from pipelines.sources.operator.batches.spool import read_spool, spool_batches
from pipelines.sources.operator.batches.work import WorkBudget
from pipelines.sources.operator.delivery import Delivery, FileRefused, Limits
from pipelines.sources.operator.month_files import TableFile, check_repeats, sort_parts
from pipelines.sources.operator.source import CallEach
from pipelines.sources.operator.staging import Staged, make_folder
from pipelines.sources.operator.tables.table_files import (
    FileReader,
    extract_table,
    refuse_table,
    write_table,
)


@dataclass(frozen=True)
class TableFiles:
    """A table of the contract, under the operator's names, and the files of it."""

    table: Table
    files: tuple[TableFile, ...]

    def with_whole_paths(self) -> TableFiles:
        """Return the same by paths that hold wherever a process stands."""
        files = [replace(file, path=file.path.absolute()) for file in self.files]
        return replace(self, files=tuple(files))


@dataclass(frozen=True)
class _ReadFile:
    """A file that was read by itself; its rows lie at `rows`.

    `staged` is None of one that could not be copied, `opened` of one that could not be opened: the
    part as it was before its rows were read. `notes` are what reading added, `refusal` is why it
    went no further.
    """

    rows: Path
    staged: Staged | None = None
    opened: Part | None = None
    notes: tuple[str, ...] = ()
    refusal: FileRefused | None = None

    def require_copy(self) -> Staged:
        """Return our copy; raise FileRefused where there could be none."""
        if self.staged is None:
            raise self._find_refusal()
        return self.staged

    def reopen_file(self) -> Part:
        """Return the file opened, its rows to be read from where they were put aside.

        Raise FileRefused where it could not be opened.
        """
        if self.opened is None:
            raise self._find_refusal()
        part = replace(self.opened, notes=list(self.opened.notes))
        part.read = partial(self._read_rows, part)
        return part

    def _read_rows(self, part: Part) -> Iterator[pa.RecordBatch]:
        """Yield the rows; the notes are complete at the end."""
        if self.refusal is not None:
            raise self.refusal
        yield from read_spool(self.rows)
        part.notes += self.notes

    def _find_refusal(self) -> FileRefused:
        assert self.refusal is not None
        return self.refusal


def extract_apart(
    tables: Sequence[TableFiles], into: Path, reader: FileReader, call_each: CallEach
) -> list[Delivery]:
    """Have workers write every table; return one Delivery a table, in their order."""
    make_folder(into)
    make_folder(reader.staging)
    work = _Work(into, _give_whole_paths(reader))
    placed = [one.with_whole_paths() for one in tables]
    read = _read_files(placed, work, call_each)
    writing = []
    for one in placed:
        of_table = read.get(one.table.name, {})
        writing.append(partial(work.write_table, one, of_table))
    return call_each(writing)


def _read_files(
    tables: Sequence[TableFiles], work: _Work, call_each: CallEach
) -> dict[str, dict[Path, _ReadFile]]:
    """Have workers read the files of tables that came in several; return them by table."""
    asked = []
    for one in tables:
        if len(one.files) > 1:
            asked += [(one.table, file) for file in one.files]
    reading = []
    for number, (table, file) in enumerate(asked):
        reading.append(partial(work.read_file, number, table, file))
    found = call_each(reading)
    read: dict[str, dict[Path, _ReadFile]] = {}
    for (table, file), one_read in zip(asked, found, strict=True):
        read.setdefault(table.name, {})[file.path] = one_read
    return read


@dataclass(frozen=True)
class _Work:
    """What tasks are sent: where the tables go, and what it takes to read their files."""

    into: Path
    reader: FileReader

    def read_file(self, number: int, table: Table, file: TableFile) -> _ReadFile:
        """Read one of several files of a table, and put its rows aside."""
        _require_source(self.reader)
        read = _ReadFile(self.reader.staging / f"{number}.rows")
        staged: list[Staged] = []
        with TemporaryDirectory(dir=self.reader.staging) as own:
            folder = Path(own) / table.name
            reader = replace(self.reader, staging=Path(own))
            try:
                reader.stage_copies([file], folder, staged)
                read = replace(read, staged=staged[0])
                [part] = reader.open_parts(staged, table, folder)
                opened = replace(part, read=read_nothing, notes=list(part.notes))
                read = replace(read, opened=opened)
                rows = folder / "rows"
                _put_aside(part, rows, reader.limits)
            except FileRefused as refusal:
                return replace(read, refusal=refusal)
            os.replace(rows, read.rows)
        notes = tuple(part.notes[len(opened.notes) :])
        return replace(read, notes=notes)

    def write_table(self, one: TableFiles, read: Mapping[Path, _ReadFile]) -> Delivery:
        """Write a table from its file, or from the files that were read before."""
        _require_source(self.reader)
        with TemporaryDirectory(dir=self.reader.staging) as own:
            folder = Path(own)
            if read:
                delivery = self._unite_files(one, read, folder)
            else:
                reader = replace(self.reader, staging=folder)
                delivery = extract_table(one.table, one.files, folder, reader)
            made = _name_raw(folder, one.table)
            if made.exists():
                os.replace(made, _name_raw(self.into, one.table))
        return delivery

    def _unite_files(
        self, one: TableFiles, read: Mapping[Path, _ReadFile], folder: Path
    ) -> Delivery:
        """Write a table from files that were read; one that cannot be trusted refuses it.

        What is told is what would be if one file had been read after the other.
        """
        staged: list[Staged] = []
        try:
            ordered = [read[file.path] for file in sort_parts(one.files)]
            for found in ordered:
                staged.append(found.require_copy())
            check_repeats(staged)
            parts = [found.reopen_file() for found in ordered]
            output = _name_raw(folder, one.table)
            return write_table(one.table, parts, output, self.reader.limits)
        except FileRefused as refusal:
            return refuse_table(one.table, refusal, staged)


def _give_whole_paths(reader: FileReader) -> FileReader:
    """Return the same reader by paths that hold wherever a process stands."""
    roots = tuple(root.absolute() for root in reader.roots)
    texts = tuple((path.absolute(), kind) for path, kind in reader.texts)
    return replace(reader, roots=roots, texts=texts)


def _require_source(reader: FileReader) -> None:
    """Raise SourceNotReady where this worker does not see what was delivered."""
    for root in reader.roots:
        if not root.is_dir():
            where = f"{root} ({socket.gethostname()})"
            raise SourceNotReady("source.month_missing", month=root.name, folder=where)


def _name_raw(folder: Path, table: Table) -> Path:
    """Where a raw table stands in a folder."""
    return folder / f"extract_{table.name}.parquet"


def _put_aside(part: Part, rows: Path, limits: Limits) -> None:
    """Put the rows of a file aside; raise FileRefused for one beyond the limits."""
    budget = WorkBudget(part.name, limits)

    def count_batches() -> Iterator[pa.RecordBatch]:
        for batch in part.read():
            budget.count_rows(batch.num_rows, batch.nbytes)
            yield batch

    spool_batches(count_batches(), batch_schema(part.schema), rows)
