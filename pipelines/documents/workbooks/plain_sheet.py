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


def write_plain_sheet(path: Path, names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows under a header; return how many. Raise UsageError when there are more than a sheet can hold."""
    count = 0
    with open_workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, names)
        for count, row in enumerate(rows, start=1):
            if count > MOST_ROWS:
                raise UsageError("show.too_long", rows=MOST_ROWS)
            for place, name in enumerate(names):
                _write(sheet, count, place, row[name])
    return count


def _write(sheet: Any, line: int, place: int, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, place, value)
    elif isinstance(value, int | float | Decimal) and -EXACT_BELOW < value < EXACT_BELOW:
        sheet.write_number(line, place, float(value))
    else:
        sheet.write_string(line, place, clean_text(value))
