"""The month's sheets of pay as one workbook, the owner's alone.

Pay, year grades, fees of verified outcomes, expenses.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pipelines.documents.workbooks.columns import Sheet, SheetRow
from pipelines.documents.workbooks.table_columns import PAY_COLUMNS
from pipelines.documents.workbooks.workbook import OWNER_ONLY, Tables, write_tables
from pipelines.documents.workbooks.workbook_data import WorkbookData
from pipelines.store.lake import MonthFolder
from pipelines.text.texts import load_labels

# Columns of codes, and where their words stand in the locales.
CODED = {
    "role": "role",
    "state": "pay_state",
    "grade": "grade",
    "consequence": "consequence",
    "cause": "cause",
}


def export_pay(folder: MonthFolder, out: Path, language: str) -> list[Path]:
    """Write `<month>_pay.xlsx` and return it.

    Nothing where the operator delivers no sheets and nobody earned a fee.
    """
    data = WorkbookData(folder.version(), language, folder.read_seal() is None)
    sheets = []
    for name, columns in PAY_COLUMNS.items():
        rows = [
            _translate_row(data, row) for row in data.read_if_computed(f"report_{name}")
        ]
        if rows:
            sheets.append(Sheet(name, columns, rows, frozen=1))

    if not sheets:
        return []

    path = out / f"{data.version.month}_pay.xlsx"
    book = Tables(
        stamp=data.make_stamp(data.find_label("sheet.pay")), sheets=tuple(sheets)
    )
    write_tables(path, book, load_labels(data.language))
    os.chmod(path, OWNER_ONLY)
    return [path]


def _translate_row(data: WorkbookData, row: dict[str, Any]) -> SheetRow:
    """Return a row with its codes in words."""
    shown = dict(row)
    for name, kind in CODED.items():
        if row.get(name):
            shown[name] = data.find_label(f"{kind}.{row[name]}")
    if "list" in row:
        shown["list_title"] = data.list_titles.get(row["list"]) if row["list"] else None
    return shown
