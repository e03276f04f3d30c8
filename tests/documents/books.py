"""Workbooks written by the tests, and read back."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook

from pipelines.documents.workbooks import workbook as wb
from pipelines.text import texts

KEY = b"a key of the tests' own, 32 bytes"

HOSTILE = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠A1", "http://a.b", "mailto:a@b", "00123",
    "1e5", "<r><t>x</t></r>", "<r></r>", "<r>", "_x0041_", "_x0041_x0042_", "a_x0041_x0042_x0043_b", "__x0041__x0042_", "_x0041_x00", "<r>_x0041_</r>", "_x005F_x0041_", "</si>", "a&b<c>\"'",
    "=cmd|' /C calc'!A0", "{{7*7}}", "${jndi:x}", "'; drop table", "\x00\x01\x0b\x1f", "\ud800x", "\ufffe\uffff",
    " lead and trail ", "a\r\nb\nc", "𠮷䶮😀", "\u202egnp", "x" * 40_000, "😀" * 20_000, "TRUE", "#N/A", "{=1}", "[x]",
]  # fmt: skip


@cache
def labels(language: str = "zh") -> dict[str, str]:
    return texts.load_labels(language)


def stamp(**changes: Any) -> wb.Stamp:
    plain = wb.Stamp(
        "城关支局", "zh", "2026-10", 2, "run-7", date(2026, 11, 5), is_draft=False
    )
    return replace(plain, **changes)


def order(number: int = 1, **changes: object) -> dict[str, object]:
    return {
        "rank": number,
        "customer_name": "张三",
        "phone": "013800001234",
        "list_title": "欠费",
        "reasons": "逾期 35 天；上月 126 元",
        "amount": Decimal("1234.50"),
        "due_on": date(2026, 11, 12),
        "action": "电话提醒",
        "also_on": None,
        "order_id": f"2026-10-{number:05d}",
        "customer_id": f"{number:06d}",
        "service_id": "000777",
        **changes,
    }


def work_list(
    rows: list[dict[str, object]] | None = None, **changes: Any
) -> wb.WorkList:
    return wb.WorkList(
        stamp(**changes),
        "M001",
        [order(n) for n in range(1, 4)] if rows is None else rows,
    )


def written(
    tmp_path: Path, book: wb.WorkList | wb.Tables, language: str = "zh"
) -> Path:
    path = tmp_path / "book.xlsx"
    if isinstance(book, wb.WorkList):
        wb.write_work_list(path, book, labels(language), KEY)
    else:
        wb.write_tables(path, book, labels(language))
    return path


def read_rows(path: Path, tab: int = 0) -> list[list[Any]]:
    return (
        CalamineWorkbook.from_path(str(path))
        .get_sheet_by_index(tab)
        .to_python(skip_empty_area=False)
    )


def read_orders(path: Path) -> list[dict[str, object]]:
    rows = read_rows(path)
    names = {
        title: name
        for name, title in labels().items()
        if name in {c.name for c in wb.WORK_LIST_COLUMNS}
    }
    header = [names[title] for title in rows[wb.HEADER_ROW]]
    return [dict(zip(header, row, strict=True)) for row in rows[wb.HEADER_ROW + 1 :]]


def part(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode()


def signature_holds(row: Mapping[str, object]) -> bool:
    protected = wb.list_protected_cells(wb.WORK_LIST_COLUMNS, row)
    return wb.is_signed_by(KEY, protected, str(row["signature"]))
