"""Read, type and gate a delivery without making a month of it.

What would be taken, what not, what it would give.

All of it happens in a folder of its own that is gone afterwards; earlier months of the home are
only read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines import ROOMS
from pipelines.core.contract import load_contract
from pipelines.core.errors import GateStopped, RetentionError, SourceNotReady
from pipelines.jobs.intake.coverage import Coverage, Output, Unlock, read_coverage
from pipelines.jobs.intake.recognition import recognise_table
from pipelines.jobs.intake.sample import Sample, read_samples
from pipelines.jobs.intake.table_check import (
    ABSENT,
    REFUSED,
    FileCheck,
    Receipt,
    RuleCheck,
    TableCheck,
    check_tables,
    read_draft_rows,
)
from pipelines.jobs.run import Job, open_trial, run_draft_room
from pipelines.jobs.walk import judging_beside
from pipelines.rooms import snapshot
from pipelines.rooms.context import Context
from pipelines.sources.operator.delivery import FileRefused
from pipelines.sources.operator.folder import FolderSource
from pipelines.sources.operator.mapping import find_file_kind
from pipelines.store.faults import StorageErrors
from pipelines.store.lake import Draft

__all__ = [
    "STEPS",
    "DeliveryCheck",
    "FileCheck",
    "RuleCheck",
    "TableCheck",
    "UnknownFile",
    "check_delivery",
]

STEPS = ROOMS[: ROOMS.index("report")]
_ROOMS_BEHIND_INTAKE = STEPS[STEPS.index("validate") :]


@dataclass(frozen=True)
class UnknownFile:
    """A file that is no table's, and the table it looks like."""

    name: str
    like: str | None


@dataclass(frozen=True)
class DeliveryCheck:
    """What was found of a delivery.

    Its tables, what would stop the month, what it would give, and what would add to that.
    """

    month: str
    tables: tuple[TableCheck, ...]
    unknown_files: tuple[UnknownFile, ...]
    stop: RetentionError | None
    coverage: Coverage | None

    @property
    def unlocks(self) -> tuple[Unlock, ...]:
        """The tables and columns that would add most, alone."""
        if self.coverage:
            return self.coverage.unlocks
        return ()

    @property
    def withheld(self) -> tuple[Output, ...]:
        """The outputs that the gate would withhold."""
        outputs = self.coverage.outputs if self.coverage else ()
        return tuple(output for output in outputs if output.status == "withheld")

    @property
    def quarantined(self) -> int:
        """How many rows would go to quarantine."""
        return sum(table.quarantined for table in self.tables)

    @property
    def refused(self) -> int:
        """How many tables would be refused."""
        return sum(table.state == REFUSED for table in self.tables)


def check_delivery(job: Job) -> DeliveryCheck:
    """Check a month's delivery.

    Raise SourceNotReady or SpecError as a run would, before anything could be read.
    """
    with (
        tempfile.TemporaryDirectory(prefix="retention-check-") as folder,
        StorageErrors(job.home, job.month),
    ):
        draft = open_trial(job, Path(folder) / "v0001.partial")
        run_draft_room(job, draft, "extract")
        stop = _run_snapshot(job, draft)
        if stop is None:
            with judging_beside(job, draft) as judged:
                for room in _ROOMS_BEHIND_INTAKE:
                    run_draft_room(judged, draft, room)

        return DeliveryCheck(
            month=str(job.month),
            tables=tuple(_name_awaited(job, check_tables(draft, stop))),
            unknown_files=tuple(_list_unknown_files(job, draft)),
            stop=stop,
            coverage=read_coverage(draft) if stop is None else None,
        )


def _run_snapshot(job: Job, draft: Draft) -> RetentionError | None:
    """Type the tables as a run does.

    Return what would stop it, with all tables typed as far as they go.
    """
    try:
        run_draft_room(job, draft, "snapshot")
    except (GateStopped, SourceNotReady) as stop:
        run_draft_room(job, draft, "snapshot", _type_every_table)
        return stop
    return None


def _type_every_table(context: Context) -> None:
    """Type every table as far as it goes; a required one that cannot be used stops nothing yet."""
    optional_tables = [
        replace(table, required=False) for table in load_contract().values()
    ]
    snapshot.take_in(context, optional_tables)


def _name_awaited(job: Job, tables: Iterable[TableCheck]) -> Iterator[TableCheck]:
    """Yield the tables, those that are absent with what the mapping calls their files.

    A database has no files.
    """
    source = job.open_source()
    mapping = source.mapping(job.month) if isinstance(source, FolderSource) else None
    for table in tables:
        own = mapping.tables.get(table.table) if mapping else None
        if own is not None and table.state == ABSENT:
            yield replace(table, awaited=tuple(own.file))
        else:
            yield table


def _list_unknown_files(job: Job, draft: Draft) -> Iterator[UnknownFile]:
    """Yield the files that are no table's, with the tables that they look like.

    A database has none.
    """
    folder = Path(job.source or "") / str(job.month)
    for receipt in read_draft_rows(draft, "extract_delivery", Receipt):
        if receipt.state == "unknown" and receipt.file is not None:
            yield UnknownFile(receipt.file, _recognise_file(folder / receipt.file))


def _recognise_file(path: Path) -> str | None:
    """Return the table that a file looks like, by its name or its headers."""
    sample = Sample(path.name, (), ())
    try:
        samples = []
        if path.is_file() and find_file_kind(path.name):
            samples = read_samples(path)
    except (FileRefused, RetentionError):
        samples = []

    if samples:
        sample = samples[0]
    recognised = recognise_table(sample)
    if recognised:
        return recognised.table
    return None
