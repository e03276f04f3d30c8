"""Read, type and gate a delivery without making a month of it: what would be taken, what not and why, what it would give.

All of it happens in a folder of its own that is gone afterwards; earlier months of the home are only read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines import ROOMS
from pipelines.core.contract import contract
from pipelines.core.errors import GateStopped, Phrase, RetentionError, SourceNotReady
from pipelines.core.month import Month
from pipelines.jobs.intake.coverage import Coverage, Unlock, read_coverage
from pipelines.jobs.intake.proposal import recognise_column, recognise_table
from pipelines.jobs.intake.sample import Sample, read_samples
from pipelines.jobs.run import Job, open_trial, run_draft_room
from pipelines.rooms import snapshot
from pipelines.rooms.context import Context
from pipelines.sources.operator.delivery import FileRefused
from pipelines.sources.operator.mapping import file_kind
from pipelines.store.faults import StorageErrors
from pipelines.store.lake import Draft
from pipelines.text.rules import NOTHING, rule_phrase, show_value

STEPS = ROOMS[: ROOMS.index("report")]
_GATED = STEPS[STEPS.index("validate") :]


@dataclass(frozen=True)
class FileCheck:
    """One delivered file (or query): the rows it has, and those of them that went to quarantine."""

    name: str
    rows: int
    quarantined: int
    encoding: str | None = None
    notes: str | None = None


@dataclass(frozen=True)
class RuleCheck:
    """The rule that took most rows of a table, and one of them, masked."""

    rule: str
    says: Phrase
    rows: int
    file: str
    line: int | None
    example: str


@dataclass(frozen=True)
class UnknownColumn:
    """A header that the table does not know, and the column it looks like."""

    header: str
    like: str | None


@dataclass(frozen=True)
class TableCheck:
    """What became of a table: present, empty, refused or absent, its rows, and what it lacks."""

    table: str
    state: str
    rows: int = 0
    accepted: int = 0
    repeated: int = 0
    quarantined: int = 0
    files: tuple[FileCheck, ...] = ()
    refused: RetentionError | None = None
    worst: RuleCheck | None = None
    missing: tuple[str, ...] = ()
    unknown: tuple[UnknownColumn, ...] = ()


@dataclass(frozen=True)
class UnknownFile:
    """A file that is no table's, and the table it looks like."""

    name: str
    like: str | None


@dataclass(frozen=True)
class DeliveryCheck:
    """What a delivery is: its tables, what would stop the month, what it would give, and what would add to that."""

    month: str
    tables: tuple[TableCheck, ...]
    unknown_files: tuple[UnknownFile, ...]
    stop: RetentionError | None
    coverage: Coverage | None

    @property
    def unlocks(self) -> tuple[Unlock, ...]:
        """The tables and columns that would add most, alone."""
        return self.coverage.unlocks if self.coverage else ()

    @property
    def withheld(self) -> int:
        """How many outputs the gate would withhold."""
        outputs = self.coverage.outputs if self.coverage else ()
        return sum(output.status == "withheld" for output in outputs)

    @property
    def quarantined(self) -> int:
        """How many rows would go to quarantine."""
        return sum(table.quarantined for table in self.tables)

    @property
    def refused(self) -> int:
        """How many tables would be refused."""
        return sum(table.state == "refused" for table in self.tables)


def check_delivery(job: Job) -> DeliveryCheck:
    """Check a month's delivery; raise SourceNotReady or SpecError as a run would, before anything could be read."""
    with (
        tempfile.TemporaryDirectory(prefix="retention-check-") as folder,
        StorageErrors(job.home, job.month),
    ):
        draft = open_trial(job, Path(folder) / "v0001.partial")
        run_draft_room(job, draft, "extract")
        stop = _take_in(job, draft)
        if stop is None:
            for room in _GATED:
                run_draft_room(job, draft, room)
        tables = tuple(_check_tables(draft, stop))
        coverage = None if stop else read_coverage(draft.path)
        return DeliveryCheck(
            str(job.month), tables, tuple(_unknown_files(job, draft)), stop, coverage
        )


def _take_in(job: Job, draft: Draft) -> RetentionError | None:
    """Type the tables as a run does; return what would stop it, with all tables typed as far as they go."""
    try:
        run_draft_room(job, draft, "snapshot")
    except (GateStopped, SourceNotReady) as stop:
        run_draft_room(job, draft, "snapshot", _take_in_all)
        return stop
    return None


def _take_in_all(context: Context) -> None:
    """Type every table as far as it goes; a required one that cannot be used stops nothing yet."""
    snapshot.take_in(context, [replace(table, required=False) for table in contract().values()])


# -- tables ------------------------------------------------------------------------------------------------------


def _check_tables(draft: Draft, stop: RetentionError | None) -> Iterator[TableCheck]:
    intake = {row["table"]: row for row in _rows(draft, "snapshot_intake")}
    receipts: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(draft, "extract_delivery"):
        receipts.setdefault(row["table"] or "", []).append(row)
    faults: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(draft, "snapshot_quarantine"):
        faults.setdefault(row["table"], []).append(row)
    for name in contract():
        counted = intake[name]
        yield TableCheck(
            name,
            counted["state"],
            counted["rows_in"],
            counted["accepted"],
            counted["repeats"],
            counted["quarantined"],
            files=tuple(_check_files(receipts.get(name, []), faults.get(name, []))),
            refused=_why_refused(draft, name, stop) if counted["state"] == "refused" else None,
            worst=_find_worst(name, faults.get(name, []), draft.month),
            missing=_missing_columns(receipts.get(name, [])),
            unknown=tuple(_unknown_columns(name, receipts.get(name, []))),
        )


def _check_files(
    receipts: list[dict[str, Any]], faults: list[dict[str, Any]]
) -> Iterator[FileCheck]:
    for row in receipts:
        if row["file"]:
            quarantined = sum(fault["file"] == row["file"] for fault in faults)
            yield FileCheck(
                row["file"], row["rows"] or 0, quarantined, row["encoding"], row["notes"] or None
            )


def _why_refused(draft: Draft, table: str, stop: RetentionError | None) -> RetentionError | None:
    entry = draft.tables[f"extract_{table}"]
    if entry["state"] != "refused":  # it was read, and then would have stopped the month
        return stop
    return GateStopped(
        entry["reasons"][0], **{"table": table, "month": draft.month, **entry["facts"]}
    )


def _find_worst(table: str, faults: list[dict[str, Any]], month: Month) -> RuleCheck | None:
    """Return the rule that took most rows, with the first of them."""
    by_rule: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for fault in faults:
        by_rule.setdefault((fault["rule"], fault["column"] or ""), []).append(fault)
    if not by_rule:
        return None
    (rule, column), taken = max(by_rule.items(), key=lambda item: (len(item[1]), item[0]))
    first = min(taken, key=lambda fault: (fault["file"] or "", fault["line"] or 0))
    example = f"{column}={show_value(table, column, first['value'])}" if column else NOTHING
    phrase = rule_phrase(table, rule, month)
    return RuleCheck(rule, phrase, len(taken), first["file"], first["line"], example)


def _missing_columns(receipts: list[dict[str, Any]]) -> tuple[str, ...]:
    said = next((row["missing"] for row in receipts if row["missing"]), "")
    return tuple(said.split("; ")) if said else ()


def _unknown_columns(name: str, receipts: list[dict[str, Any]]) -> Iterator[UnknownColumn]:
    said = next((row["unknown"] for row in receipts if row["unknown"]), "")
    for header in said.split("; ") if said else ():
        column = recognise_column(contract()[name], header)
        yield UnknownColumn(header, column.name if column else None)


# -- files that are no table's -----------------------------------------------------------------------------------


def _unknown_files(job: Job, draft: Draft) -> Iterator[UnknownFile]:
    names = [row["file"] for row in _rows(draft, "extract_delivery") if row["state"] == "unknown"]
    for name in names:  # a database has none
        yield UnknownFile(name, _looks_like(Path(job.source or "") / str(job.month) / name))


def _looks_like(path: Path) -> str | None:
    """Return the table that a file looks like, by its name or its headers."""
    try:
        samples = read_samples(path) if path.is_file() and file_kind(path.name) else []
    except (FileRefused, RetentionError):
        samples = []
    found = recognise_table(samples[0] if samples else Sample(path.name, (), ()))
    return found[0] if found else None


def _rows(draft: Draft, table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(draft.path / f"{table}.parquet").to_pylist()
    return rows
