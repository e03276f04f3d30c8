"""Read a filled workbook or CSV that came back.

Columns by their titles, rows by their signed ids, nothing by its place. A row is judged by itself;
what is wrong with one never holds back another.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any

from pipelines.core.errors import SourceNotReady
from pipelines.core.names import show_name
from pipelines.core.outcomes import Outcome, load_outcomes
from pipelines.documents.workbooks.columns import WORK_LIST_COLUMNS, Column
from pipelines.documents.workbooks.signature import is_signed_by, list_protected_cells
from pipelines.returns.return_sheets import INPUTS, ReturnLine, read_sheets
from pipelines.returns.return_values import DATES, AnswerValues, read_values
from pipelines.sources.office.instalments import (
    AMOUNTS,
    FIRST_AMOUNT,
    FIRST_DAY,
    Instalment,
    find_fault,
    gather_later,
    spread_later,
)
from pipelines.sources.operator.delivery import (
    DAMAGED_ID,
    EXCEL_SERIAL,
    NO_CACHED_VALUE,
    RAGGED,
    Limits,
)
from pipelines.sources.operator.formats.cell_values import read_number
from pipelines.sources.operator.header import fold_name

NOTE_LIMIT = 1000  # letters
_AMOUNT_END = 10**12  # yuan; what every room, and the office, can carry
# What the readers of deliveries put into a cell: it was never in the file.
_MARKS = str.maketrans("", "", DAMAGED_ID + EXCEL_SERIAL + NO_CACHED_VALUE)
_SIGNED = tuple(column.name for column in WORK_LIST_COLUMNS if column.is_signed)


@dataclass(frozen=True)
class Refusal:
    """Why a row is not taken.

    The key of `return.<key>` in the locales, the column it is about, and the list of the order
    where that is what refuses it.
    """

    key: str
    column: str | None = None
    list: str | None = None


@dataclass(frozen=True)
class ReturnedRow:
    """One row as it came back.

    `cells` as they were typed, the values read from them, or why it is refused.
    """

    line: int
    cells: Mapping[str, str]
    order_id: str
    outcome: str = ""
    contacted_on: date | None = None
    promised_amount: Decimal | None = None
    promised_on: date | None = None
    later: tuple[Instalment, ...] = ()  # the instalments behind the first
    note: str = ""
    refusal: Refusal | None = None
    is_signed: bool = False


@dataclass(frozen=True)
class Return:
    """A file that came back: its rows that say something, and how many orders nobody filled in."""

    path: Path
    sha256: str
    language: str
    rows: Sequence[ReturnedRow]
    unfilled: int


def read_return(
    path: Path, key: bytes, limits: Limits | None = None, must_sign: bool = False
) -> Return:
    """Read a file that came back.

    `key` is the one the rows were signed with; with `must_sign` a row without its signature is
    refused. The rows are judged by what they say alone, not by whether the office knows the order.
    Raise FileRefused when none of it can be read, SourceNotReady when it is not there.
    """
    if not os.path.lexists(path):
        raise SourceNotReady("source.not_there", source=show_name(path.name))

    read = read_sheets(path, limits or Limits())

    rows: list[ReturnedRow] = []
    unfilled = 0
    for sheet in read.sheets:
        answered = [line for line in sheet.lines if line.is_answered()]
        unfilled += len(sheet.lines) - len(answered)
        judge = _RowJudge(key, sheet.columns, read.is_csv, must_sign)
        for line, values in zip(answered, read_values(answered), strict=True):
            rows.append(judge.judge_row(line, values))

    return Return(path, read.sha256, read.sheets[0].language, rows, unfilled)


@cache
def _outcomes_by_word() -> dict[str, Outcome]:
    """Return each outcome by its code and by its words in every language, folded."""
    by_word = {fold_name(code): outcome for code, outcome in load_outcomes().items()}
    for outcome in load_outcomes().values():
        for word in outcome.words.values():
            by_word[fold_name(word)] = outcome
    return by_word


@dataclass(frozen=True)
class _RowJudge:
    """What a sheet's rows are held against; `columns` are those that it has."""

    key: bytes
    columns: frozenset[str]
    is_csv: bool
    must_sign: bool

    @property
    def has_signatures(self) -> bool:
        """Whether the sheet has the column of the signatures."""
        return "signature" in self.columns

    def judge_row(self, line: ReturnLine, values: AnswerValues) -> ReturnedRow:
        """Return the row with its values, or with the first thing wrong with it."""
        outcome = _outcomes_by_word().get(fold_name(line.cells.get("outcome", "")))
        refusal = self._find_form_fault(line) or self._find_origin_fault(line)
        refusal = refusal or _find_answer_fault(line, values, outcome)
        return ReturnedRow(
            line=line.number,
            cells=line.cells,
            order_id=line.order_id,
            outcome=outcome.code if outcome else "",
            contacted_on=values.contacted_on,
            promised_amount=values.promised_amount or None,
            promised_on=values.promised_on,
            later=gather_later(partial(getattr, values)),
            note=_clean_note(line.cells.get("note", "")),
            refusal=refusal,
            is_signed=self.has_signatures,
        )

    def _find_form_fault(self, line: ReturnLine) -> Refusal | None:
        """Return what is wrong with the row as a row.

        A wider row has a remark beside the table; only in a CSV its cells may have moved, and a
        signature would tell.
        """
        may_have_moved = self.is_csv and not self.has_signatures
        if line.fault and (line.fault != RAGGED or may_have_moved):
            return Refusal("broken_row")
        if line.order_id:
            return None
        return Refusal("no_order", "order_id")

    def _find_origin_fault(self, line: ReturnLine) -> Refusal | None:
        """Return what is wrong with the office's own cells.

        Of a file without signatures the office compares those it knows.
        """
        if "row_id" in self.columns and line.cells["row_id"].strip() != line.order_id:
            return Refusal("moved_row", "row_id")
        if not self.has_signatures:
            if self.must_sign:
                return Refusal("unsigned", "signature")
            return None

        for name in _SIGNED:
            if name not in self.columns:
                return Refusal("lost_column", name)

        signed = list_protected_cells(WORK_LIST_COLUMNS, _read_as_signed(line.cells))
        if is_signed_by(self.key, signed, line.cells["signature"]):
            return None
        if self.must_sign:
            return Refusal("unsigned", "signature")
        return Refusal("changed_cell")


def _clean_note(text: str) -> str:
    """Return a note on one line, without the readers' marks, cut to its limit."""
    return " ".join(text.translate(_MARKS).split())[:NOTE_LIMIT]


def _read_as_signed(cells: Mapping[str, str]) -> dict[str, object]:
    """Return the protected cells as the signature reads them."""
    return {
        column.name: _read_signed_cell(column, cells.get(column.name, ""))
        for column in WORK_LIST_COLUMNS
    }


def _read_signed_cell(column: Column, text: str) -> object:
    """Return a cell's text; of a plain number in a date column the serial day."""
    plain = text.translate(_MARKS)
    if column.kind != "date" or not text.startswith(EXCEL_SERIAL):
        return plain
    serial = read_number(plain)
    if serial is None:
        return plain
    return serial


def _find_answer_fault(
    line: ReturnLine, values: AnswerValues, outcome: Outcome | None
) -> Refusal | None:
    """Return what is wrong with what was filled in."""
    if outcome is None:
        is_empty = not line.cells.get("outcome", "").strip()
        return Refusal("no_outcome" if is_empty else "unknown_outcome", "outcome")

    unreadable = _find_unreadable(values)
    if unreadable is not None:
        return unreadable
    if outcome.needs_date and values.promised_on is None:
        return Refusal("needs", FIRST_DAY)
    if outcome.needs_amount and values.promised_amount is None:
        return Refusal("needs", FIRST_AMOUNT)
    return find_instalment_fault(partial(getattr, values))


def find_instalment_fault(get: Callable[[str], Any]) -> Refusal | None:
    """Return what is wrong with the later instalments; `get` gives the value of a column."""
    fault = find_fault(get)
    if fault is None:
        return None
    return Refusal(fault.key, fault.column)


def _find_unreadable(values: AnswerValues) -> Refusal | None:
    """Return the first day or amount that cannot be taken as what it is."""
    for name in DATES:
        if name in values.unreadable:
            return Refusal("bad_date", name)
    for name in AMOUNTS:
        amount = getattr(values, name)
        is_out_of_bounds = amount is not None and not 0 < amount < _AMOUNT_END
        if name in values.unreadable or is_out_of_bounds:
            return Refusal("bad_amount", name)
    return None


def list_input_cells(row: ReturnedRow) -> dict[str, object]:
    """Return the inputs of a row as they go back to be corrected.

    Values where they could be read, else what was typed.
    """
    values: dict[str, object] = {
        "contacted_on": row.contacted_on,
        "promised_amount": row.promised_amount,
        "promised_on": row.promised_on,
        **spread_later(row.later),
    }
    cells = {}
    for name in INPUTS:
        cells[name] = values.get(name) or row.cells.get(name, "").translate(_MARKS)
    return cells


def name_returned_file(path: Path) -> str:
    """Return a file's name as it is kept: its last part as it is shown.

    At most 255 characters.
    """
    return show_name(path.name)[-255:]
