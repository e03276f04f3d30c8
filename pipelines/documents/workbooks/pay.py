"""The month's sheets of pay as one workbook, the owner's alone: pay, year grades, fees of verified outcomes, expenses."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pipelines.documents.workbooks.columns import PAY_COLUMNS
from pipelines.documents.workbooks.workbook import OWNER_ONLY, Sheet, Tables, write_tables
from pipelines.documents.workbooks.workbook_data import WorkbookData
from pipelines.store.lake import MonthFolder
from pipelines.text.texts import label, labels

CODED = {
    "role": "role",
    "state": "pay_state",
    "grade": "grade",
    "consequence": "consequence",
    "cause": "cause",
}


def export_pay(folder: MonthFolder, out: Path, language: str) -> list[Path]:
    """Write `<month>_pay.xlsx` and return it; nothing where the operator delivers no sheets and nobody earned a fee."""
    data = WorkbookData(folder.version(), language, folder.seal() is None)
    found = {name: _rows(data, f"report_{name}") for name in PAY_COLUMNS}
    if not any(found.values()):
        return []
    sheets = (
        Sheet(name, PAY_COLUMNS[name], rows, frozen=1) for name, rows in found.items() if rows
    )
    path = out / f"{data.version.month}_pay.xlsx"
    title = label(data.language, "sheet.pay")
    write_tables(path, Tables(stamp=data.stamp(title), sheets=tuple(sheets)), labels(data.language))
    os.chmod(path, OWNER_ONLY)
    return [path]


def _rows(data: WorkbookData, table: str) -> list[dict[str, Any]]:
    """A sheet's rows with its codes in words."""
    if not data.version.is_computed(table):
        return []
    return [_in_words(data, row) for row in data.rows(table)]


def _in_words(data: WorkbookData, row: dict[str, Any]) -> dict[str, Any]:
    coded = {
        name: label(data.language, f"{kind}.{row[name]}")
        for name, kind in CODED.items()
        if row.get(name)
    }
    titled = (
        {"list_title": data.list_titles.get(row["list"]) if row["list"] else None}
        if "list" in row
        else {}
    )
    return row | coded | titled
