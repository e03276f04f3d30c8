"""What became of each delivered table.

Its rows, what went to quarantine and by which rule, what it lacks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import NamedTuple, TypeVar

from pipelines.core.contract import load_contract
from pipelines.core.errors import GateStopped, Phrase, RetentionError
from pipelines.core.month import Month
from pipelines.jobs.intake.recognition import recognise_column
from pipelines.store.lake import Draft
from pipelines.text.rules import NOTHING, find_rule_phrase, show_value

ABSENT = "absent"
REFUSED = "refused"
_SEPARATOR = "; "  # between the names that a receipt lists
_MORE_LINES = 4  # of a fault, besides the first
# The row is sound in itself: the customer or service that it names was not taken.
_FOLLOWING = {"unknown_customer", "unknown_service"}
_R = TypeVar("_R")


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
    """A rule that took rows of a table, how many, and the first of them, masked.

    `more_lines` are those of the next rows that it took of the same file.
    """

    rule: str
    says: Phrase
    rows: int
    file: str | None
    line: int | None
    column: str | None
    value: str
    more_lines: tuple[int, ...] = ()


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
    faults: tuple[RuleCheck, ...] = ()
    missing: tuple[str, ...] = ()
    unknown: tuple[UnknownColumn, ...] = ()
    # Of an absent one: the names that the mapping has for its files.
    awaited: tuple[str, ...] = ()


# -- the rows of the draft that say so -------------------------------------------------------------


class IntakeRow(NamedTuple):
    """A row of `snapshot_intake`: how many rows of a table were taken."""

    table: str
    state: str
    rows_in: int
    accepted: int
    repeats: int
    quarantined: int


class Receipt(NamedTuple):
    """A row of `extract_delivery`: one file or query.

    `table` None for a file that is no table's.
    """

    table: str | None
    file: str | None
    state: str
    rows: int | None
    encoding: str | None
    notes: str | None
    missing: str | None
    unknown: str | None


class QuarantinedRow(NamedTuple):
    """A row of `snapshot_quarantine`.

    Where a refused value stands, and the rule that refused it.
    """

    table: str
    file: str | None
    line: int | None
    column: str | None
    value: str | None
    rule: str


def read_draft_rows(draft: Draft, table: str, row_type: type[_R]) -> list[_R]:
    """Return the rows of a draft's table, of a room that was stopped too."""
    return draft.read_as(row_type, table)


# -- checks ----------------------------------------------------------------------------------------


def check_tables(draft: Draft, stop: RetentionError | None) -> Iterator[TableCheck]:
    """Yield what became of each table of the contract; `stop` is what would stop the month."""
    intake = {
        row.table: row for row in read_draft_rows(draft, "snapshot_intake", IntakeRow)
    }
    receipts: dict[str | None, list[Receipt]] = defaultdict(list)
    for receipt in read_draft_rows(draft, "extract_delivery", Receipt):
        receipts[receipt.table].append(receipt)
    quarantine: dict[str, list[QuarantinedRow]] = defaultdict(list)
    for row in read_draft_rows(draft, "snapshot_quarantine", QuarantinedRow):
        quarantine[row.table].append(row)

    for name in load_contract():
        counted = intake[name]
        delivered = receipts[name]
        refused_rows = quarantine[name]
        refusal = None
        if counted.state == REFUSED:
            refusal = _find_refusal(draft, name, stop)
        yield TableCheck(
            table=name,
            state=counted.state,
            rows=counted.rows_in,
            accepted=counted.accepted,
            repeated=counted.repeats,
            quarantined=counted.quarantined,
            files=tuple(_check_files(delivered, refused_rows)),
            refused=refusal,
            faults=tuple(_count_faults(name, refused_rows, draft.month)),
            missing=_list_missing_columns(delivered),
            unknown=tuple(_recognise_unknown_columns(name, delivered)),
        )


def _check_files(
    receipts: Sequence[Receipt], quarantine: Sequence[QuarantinedRow]
) -> Iterator[FileCheck]:
    for receipt in receipts:
        if not receipt.file:
            continue
        quarantined = sum(row.file == receipt.file for row in quarantine)
        rows = receipt.rows or 0
        yield FileCheck(
            receipt.file, rows, quarantined, receipt.encoding, receipt.notes or None
        )


def _find_refusal(
    draft: Draft, table: str, stop: RetentionError | None
) -> RetentionError | None:
    """Return the error that says why a table was refused."""
    entry = draft.find_entry(f"extract_{table}")
    delivery = entry.delivery if entry is not None else None
    if entry is None or delivery is None or delivery.state != REFUSED:
        return stop  # it was read, and then would have stopped the month
    facts = {"table": table, "month": draft.month, **delivery.facts}
    return GateStopped(str(entry.reasons[0]), **facts)


def _count_faults(
    table: str, quarantine: Sequence[QuarantinedRow], month: Month
) -> Iterator[RuleCheck]:
    """Yield the rules that took rows, a column each, with the first row that each took.

    What only follows from rows that another table lost comes last: it goes when they are mended.
    """
    taken: dict[tuple[str, str], list[QuarantinedRow]] = defaultdict(list)
    for row in quarantine:
        taken[row.rule, row.column or ""].append(row)

    def order_rule(fault: tuple[str, str]) -> tuple[bool, int, tuple[str, str]]:
        rule, _ = fault
        return rule in _FOLLOWING, -len(taken[fault]), fault

    for rule, column in sorted(taken, key=order_rule):
        rows = taken[rule, column]
        first, *following = nsmallest(1 + _MORE_LINES, rows, key=_find_place)
        phrase = find_rule_phrase(table, rule, month)
        shown = show_value(table, column, first.value) if column else NOTHING
        yield RuleCheck(
            rule=rule,
            says=phrase,
            rows=len(rows),
            file=first.file,
            line=first.line,
            column=column or None,
            value=shown,
            more_lines=_list_lines(following, first.file),
        )


def _find_place(row: QuarantinedRow) -> tuple[str, int]:
    return row.file or "", row.line or 0


def _list_lines(rows: Sequence[QuarantinedRow], file: str | None) -> tuple[int, ...]:
    """Return the lines of rows of a file; those of a database have none."""
    of_file = [row.line for row in rows if row.file == file]
    return tuple(line for line in of_file if line is not None)


def _list_missing_columns(receipts: Sequence[Receipt]) -> tuple[str, ...]:
    """Return the columns that a table's files lack, of the first receipt that names some."""
    for receipt in receipts:
        if receipt.missing:
            return tuple(receipt.missing.split(_SEPARATOR))
    return ()


def _recognise_unknown_columns(
    table: str, receipts: Sequence[Receipt]
) -> Iterator[UnknownColumn]:
    """Yield the headers that the table does not know, with the columns that they look like."""
    for receipt in receipts:
        if receipt.unknown:
            headers = receipt.unknown.split(_SEPARATOR)
            break
    else:
        return

    for header in headers:
        column = recognise_column(load_contract()[table], header)
        yield UnknownColumn(header, column.name if column else None)
