"""What a workbook shows and allows: drop-downs, locks, heights of rows, the mark of a draft."""

from __future__ import annotations

import re
from pathlib import Path

import openpyxl
import pytest

from pipelines.documents.workbooks import workbook as wb
from tests.documents.books import labels, order, part, read_rows, work_list, written


def test_outcomes_come_from_a_hidden_range(tmp_path: Path) -> None:
    path = written(tmp_path, work_list())
    sheet = part(path, "xl/worksheets/sheet1.xml")
    assert re.search(
        r'<dataValidation type="list"[^>]* sqref="K4:K6"><formula1>\'_office\'!\$A\$1:\$A\$15<',
        sheet,
    )
    assert '<sheet name="_office" sheetId="3" state="hidden"' in part(
        path, "xl/workbook.xml"
    )
    hidden = read_rows(path, 2)
    assert [(row[0], row[1]) for row in hidden] == [
        (labels()[f"outcome.{code}"], code) for code in wb.OUTCOMES
    ]
    facts = {row[3]: row[4] for row in hidden if row[3]}
    assert facts == {
        "month": "2026-10", "version": "2", "run_id": "run-7", "is_draft": "False", "language": "zh",
        "manager_id": "M001",
    }  # fmt: skip


def test_dates_and_amounts_are_checked_where_they_are_typed(tmp_path: Path) -> None:
    sheet = part(written(tmp_path, work_list()), "xl/worksheets/sheet1.xml")
    for cells in ("M4:M6", "O4:O6"):
        found = re.search(
            rf'<dataValidation type="date"[^>]*sqref="{cells}"><formula1>(\d+)</formula1><f\w+>(\d+)',
            sheet,
        )
        assert found and found.groups() == ("46296", "46752")  # 2026-10-01, 2027-12-31
    assert re.search(
        r'type="decimal"[^>]*error="[^"]+"[^>]*sqref="N4:N6"><formula1>0<', sheet
    )


def test_protection_allows_sort_filter_and_width(tmp_path: Path) -> None:
    sheet = part(written(tmp_path, work_list()), "xl/worksheets/sheet1.xml")
    protection = re.search("<sheetProtection [^>]*>", sheet)
    assert protection
    for allowed in (
        'sheet="1"',
        'formatColumns="0"',
        'formatRows="0"',
        'sort="0"',
        'autoFilter="0"',
    ):
        assert allowed in protection[0]
    assert "deleteRows" not in protection[0] and "insertRows" not in protection[0]
    # Sorting needs the whole range, header included, open for editing; typing is refused by validation instead.
    assert '<protectedRange sqref="A3:U6" name="orders"/>' in sheet
    refused = re.findall(
        r'type="custom"[^>]*sqref="([A-Z]+)\d+:[A-Z]+\d+"><formula1>FALSE<', sheet
    )
    locked = [c for c in wb.WORK_LIST_COLUMNS if not c.is_input]
    assert len(refused) == len(locked) + 1


def test_only_input_cells_are_unlocked_and_yellow(tmp_path: Path) -> None:
    path = written(tmp_path, work_list())
    styles = part(path, "xl/styles.xml")
    formats = re.findall(
        r"<xf [^>]*?(?:/>|[^/]>.*?</xf>)", styles[styles.index("<cellXfs") :]
    )
    row = re.search(r'<row r="4".*?</row>', part(path, "xl/worksheets/sheet1.xml"))
    assert row
    cells = [int(number) for number in re.findall(r'<c r="[A-Z]+4" s="(\d+)"', row[0])]
    assert len(cells) == len(wb.WORK_LIST_COLUMNS)
    for column, number in zip(wb.WORK_LIST_COLUMNS, cells, strict=True):
        assert ('locked="0"' in formats[number]) == column.is_input, column.name
    assert "FFFFF9C4" in styles


def test_view_and_print(tmp_path: Path) -> None:
    path = written(tmp_path, work_list())
    sheet, book = part(path, "xl/worksheets/sheet1.xml"), part(path, "xl/workbook.xml")
    assert '<pane xSplit="3" ySplit="3" topLeftCell="D4"' in sheet
    assert '<autoFilter ref="A3:U6"/>' in sheet and "$3:$3</definedName>" in book
    assert (
        '<pageSetup paperSize="9" fitToHeight="0" orientation="landscape"/>' in sheet
        and "fitToPage" in sheet
    )
    hidden = re.findall(r'<col min="(\d+)"[^>]*hidden="1"', sheet)
    assert [wb.WORK_LIST_COLUMNS[int(place) - 1].name for place in hidden] == [
        "row_id",
        "signature",
    ]
    assert 'numberStoredAsText="1"' in sheet


@pytest.mark.parametrize("length", [10, 44, 45, 100, 300])
@pytest.mark.parametrize(("sign", "width"), [("欠", 2), ("a", 1)])
def test_a_row_is_tall_enough_for_its_longest_text(
    tmp_path: Path, length: int, sign: str, width: int
) -> None:
    column = next(
        column for column in wb.WORK_LIST_COLUMNS if column.name == "evidence"
    )
    path = written(tmp_path, work_list([order(1, evidence=sign * length, script="")]))
    sheet = openpyxl.load_workbook(path).worksheets[0]
    lines = length * width / column.width
    height = sheet.row_dimensions[wb.HEADER_ROW + 2].height
    assert height >= min(
        lines * 15, 409
    )  # fifteen points: a line of eleven in Excel, WPS and LibreOffice
    assert height <= min((lines + 2) * 17, 409)


def test_draft_says_so_everywhere(tmp_path: Path) -> None:
    path = written(
        tmp_path, work_list(is_draft=True, caveats=("欠费表缺失", "上月晚到"))
    )
    mark = labels()["draft"]
    top = read_rows(path)
    assert top[0][0].startswith(mark) and "2026-10 · v2" in top[0][0]
    assert "欠费表缺失" in top[1][0] and "上月晚到" in top[1][0]
    assert ["注意", "欠费表缺失"] in [row[:2] for row in read_rows(path, 1)]
    assert mark in part(path, "docProps/core.xml") and mark in part(
        path, "xl/worksheets/sheet1.xml"
    )
    custom = part(path, "docProps/custom.xml")
    for fact in ("2026-10", "run-7", "<vt:i4>2<", "<vt:bool>true<", "M001"):
        assert fact in custom
    assert mark not in part(written(tmp_path, work_list()), "docProps/core.xml")


def test_empty_list_is_a_workbook_too(tmp_path: Path) -> None:
    path = written(tmp_path, work_list([]))
    assert len(read_rows(path)) == wb.HEADER_ROW + 1
