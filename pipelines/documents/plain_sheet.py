"""A table as one plain spreadsheet: text stays text, nothing is a formula."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.core.errors import UsageError
from pipelines.documents.workbooks.sheet import open_workbook
from pipelines.text.safe_text import clean_text

MOST_ROWS = 1_048_575
EXACT_BELOW = 10**15


def write_plain_sheet(
    path: Path, names: Sequence[str], rows: Iterable[Mapping[str, Any]]
) -> int:
    """Write rows under a header; return how many.

    Raise UsageError when there are more than a sheet can hold.
    """
    count = 0
    with open_workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, names)
        for count, row in enumerate(rows, start=1):
            if count > MOST_ROWS:
                raise UsageError("show.too_long", rows=MOST_ROWS)
            for column, name in enumerate(names):
                _write_cell(sheet, count, column, row[name])

    return count


def _write_cell(sheet: Any, line: int, column: int, value: object) -> None:
    """Write a value; a number too large to be exact is written as its text."""
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, column, value)
        return

    if isinstance(value, int | float | Decimal) and -EXACT_BELOW < value < EXACT_BELOW:
        sheet.write_number(line, column, float(value))
        return

    sheet.write_string(line, column, clean_text(value))
