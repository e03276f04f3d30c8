"""The workbook of the refused rows.

The office's cells as they were sent out, the answers as typed, and why not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pipelines.catalogue.outputs import list_outcomes
from pipelines.catalogue.spec import load_named_specs
from pipelines.core.month import Month
from pipelines.documents.workbooks.columns import CORRECTED_COLUMNS, SheetRow
from pipelines.documents.workbooks.work_lists import list_desks
from pipelines.documents.workbooks.workbook import Stamp, WorkList, write_work_list
from pipelines.documents.workbooks.workbook_data import WorkbookData, WorkRow
from pipelines.returns.filled import Refusal, ReturnedRow, list_input_cells
from pipelines.returns.return_sheets import ORDER_ID
from pipelines.store.lake import DayFolder, MonthFolder, Version, list_held_days
from pipelines.text.texts import fill_label, load_labels

# Whose answer these rows hold nobody knows: they go back empty, so that no foreign answer comes
# round signed.
_OF_ANOTHER = (
    Refusal("moved_row", "row_id"),
    Refusal("broken_row"),
    Refusal("unsigned", "signature"),
)
_NO_MONTH = Month(1970, 1)


@dataclass
class SentOut:
    """What was released, row by row, as it is in the home; each month and language is read once."""

    home: Path
    _rows: dict[tuple[Month, str], Mapping[str, WorkRow]] = field(default_factory=dict)

    def find_row(self, order_id: str, language: str) -> WorkRow | None:
        """Return the row of an order as it was written; None for one the home does not hold."""
        month = _find_month(order_id)
        if month is None:
            return None
        key = month, language
        if key not in self._rows:
            self._rows[key] = self.read_month(month, language)
        rows = self._rows[key]
        return rows.get(order_id)

    def read_month(self, month: Month, language: str) -> Mapping[str, WorkRow]:
        """Return what was sent of a month: when it was released, and on the days after it."""
        rows: dict[str, WorkRow] = {}
        for version in self._list_released(month):
            data = WorkbookData(version, language, is_draft=False)
            for _, desk_rows in list_desks(data):
                for row in desk_rows:
                    rows[row["order_id"]] = row
        return rows

    def _list_released(self, month: Month) -> list[Version]:
        """Return the released version of a month and of each day after it."""
        folder = MonthFolder(self.home, month)
        seal = folder.read_seal()
        if seal is None:
            return []
        versions = [folder.version(seal.version)]
        for held in list_held_days(self.home, month):
            day = DayFolder(self.home, month, date.fromisoformat(held.occasion))
            if day.read_seal() is not None:
                versions.append(day.version())

        return versions


def _find_month(order_id: str) -> Month | None:
    """Return the month of an order; None where the id is none."""
    match = ORDER_ID.fullmatch(order_id)
    if match:
        return Month(int(match[1]), int(match[2]))
    return None


def write_corrected(
    path: Path,
    rows: Iterable[ReturnedRow],
    sent: SentOut,
    language: str,
    key: bytes,
    title: str,
) -> None:
    """Write the refused rows to be corrected and handed back; for their owner's eyes alone."""
    refused = list(rows)
    lines = []
    for rank, row in enumerate(refused, start=1):
        lines.append(_build_line(rank, row, sent, language))

    month = _find_last_month(refused)
    stamp = Stamp(
        title=title,
        language=language,
        month=str(month),
        version=0,
        run_id="",
        created=month.plus(1).first_day,
        is_draft=False,
    )
    book = WorkList(
        stamp, manager_id="", rows=lines, columns=CORRECTED_COLUMNS, is_bare=True
    )
    write_work_list(path, book, load_labels(language), key)


def _find_last_month(rows: Sequence[ReturnedRow]) -> Month:
    """Return the last month that one of the rows is an order of."""
    months = [_find_month(row.order_id) for row in rows]
    known = [month for month in months if month is not None]
    return max(known, default=_NO_MONTH, key=str)


def _build_line(rank: int, row: ReturnedRow, sent: SentOut, language: str) -> SheetRow:
    """Return a refused row.

    One the office never sent keeps its own cells and cannot become signed by going round.
    """
    original = sent.find_row(row.order_id, language)
    line: dict[str, object] = {}
    if original is not None:
        line.update(original)
    else:
        line.update(row.cells)
        line["row_id"] = row.order_id
        line["signature"] = row.cells.get("signature") or "-"
        line["rank"] = rank

    if row.refusal not in _OF_ANOTHER:
        line.update(list_input_cells(row))
        if row.outcome:
            line["outcome"] = fill_label(language, f"outcome.{row.outcome}")

    line["order_id"] = row.order_id
    line["refusal"] = describe_refusal(row.refusal, language)
    return line


def describe_refusal(refusal: Refusal | None, language: str) -> str:
    """Say why a row is refused; name the column by its title, the list with what it takes."""
    if refusal is None:
        return ""
    labels = load_labels(language)
    facts = {"column": ""}
    if refusal.column:
        facts["column"] = labels[refusal.column]
    if refusal.list:
        spec = load_named_specs("dispatch")[refusal.list]
        words = [labels[f"outcome.{code}"] for code in list_outcomes(spec)]
        facts["list"] = spec.title(language)
        facts["outcomes"] = labels["intake.comma"].join(words)
    return fill_label(language, f"return.{refusal.key}", **facts)
