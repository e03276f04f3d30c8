"""The workbook of the refused rows: the office's cells as they were sent out, the answers as typed, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.core.month import Month
from pipelines.documents.workbooks.columns import CORRECTED_COLUMNS
from pipelines.documents.workbooks.export import desks
from pipelines.documents.workbooks.workbook import Stamp, WorkList, write_work_list
from pipelines.documents.workbooks.workbook_data import WorkbookData
from pipelines.returns.filled import ORDER_ID, Refusal, ReturnedRow, input_cells
from pipelines.store.lake import DayFolder, MonthFolder, held_days
from pipelines.text.texts import label, labels

Row = dict[str, Any]
# Whose answer these rows hold nobody knows: they go back empty, so that no foreign answer comes round signed.
_OF_ANOTHER = (
    Refusal("moved_row", "row_id"),
    Refusal("broken_row"),
    Refusal("unsigned", "signature"),
)


@dataclass
class SentOut:
    """What left the house, row by row, as it is in the home; each month and language is read once."""

    home: Path
    _rows: dict[tuple[Month, str], Mapping[str, Row]] = field(default_factory=dict)

    def row(self, order_id: str, language: str) -> Row | None:
        """Return the row of an order as it was written; None for an order the home does not hold."""
        match = ORDER_ID.fullmatch(order_id)
        if not match:
            return None
        month = Month(int(match[1]), int(match[2]))
        if (month, language) not in self._rows:
            self._rows[month, language] = self._month(month, language)
        return self._rows[month, language].get(order_id)

    def _month(self, month: Month, language: str) -> Mapping[str, Row]:
        """What left the house of a month: when it was released, and on the days after it."""
        folder = MonthFolder(self.home, month)
        seal = folder.seal()
        if seal is None:
            return {}
        days = [
            DayFolder(self.home, month, date.fromisoformat(day.occasion))
            for day in held_days(self.home, month)
        ]
        versions = [folder.version(seal["version"]), *(day.version() for day in days if day.seal())]
        books = [WorkbookData(version, language, is_draft=False) for version in versions]
        return {row["order_id"]: row for data in books for _, rows in desks(data) for row in rows}


def write_corrected(
    path: Path, rows: Iterable[ReturnedRow], sent: SentOut, language: str, key: bytes, title: str
) -> None:
    """Write the refused rows to be corrected and handed back; the file is for its owner's eyes alone."""
    lines = [_line(place, row, sent, language) for place, row in enumerate(rows, start=1)]
    months = sorted(
        {str(line["order_id"])[:6] for line in lines if ORDER_ID.fullmatch(str(line["order_id"]))}
    )
    month = Month(int(months[-1][:4]), int(months[-1][4:])) if months else Month(1970, 1)
    stamp = Stamp(title, language, str(month), 0, "", month.plus(1).first_day, is_draft=False)
    book = WorkList(stamp, manager_id="", rows=lines, columns=CORRECTED_COLUMNS)
    write_work_list(path, book, labels(language), key)


def _line(place: int, row: ReturnedRow, sent: SentOut, language: str) -> Row:
    """A refused row; one the office never sent keeps its own cells and cannot become signed by going round."""
    original = sent.row(row.order_id, language)
    foreign = {
        "row_id": row.order_id,
        "signature": row.cells.get("signature") or "-",
        "rank": place,
    }
    cells = original or dict(row.cells) | foreign
    answer = {} if row.refusal in _OF_ANOTHER else input_cells(row)
    if answer and row.outcome:
        answer["outcome"] = label(language, f"outcome.{row.outcome}")
    return {**cells, **answer, "order_id": row.order_id, "refusal": in_words(row.refusal, language)}


def in_words(refusal: Refusal | None, language: str) -> str:
    """Say why a row is refused, and name the column by its title."""
    if refusal is None:
        return ""
    column = labels(language)[refusal.column] if refusal.column else ""
    return label(language, f"return.{refusal.key}", column=column)
