"""What a workbook shows and allows: drop-downs, locks, heights of rows, the mark of a draft."""

from __future__ import annotations

import html
import re
from pathlib import Path

from pipelines.catalogue.outputs import list_outcomes, load_lists
from pipelines.documents.workbooks import workbook as wb
from pipelines.documents.workbooks.columns import CALL_SHEET_COLUMNS
from tests.documents.books import labels, order, part, read_rows, work_list, written


def test_a_row_offers_what_its_list_takes_and_nothing_else(tmp_path: Path) -> None:
    path = written(tmp_path, work_list())
    sheet = part(path, "xl/worksheets/sheet1.xml")
    found = re.search(
        r'<dataValidation type="list"[^>]* sqref="H4:H6"><formula1>([^<]+)<', sheet
    )
    assert found
    place = "MATCH($D4,'_office'!$G$1:$V$1,0)"  # D is the title of the row's list
    assert html.unescape(found[1]) == (
        f"OFFSET('_office'!$G$2,0,{place}-1,"
        f"COUNTA(INDEX('_office'!$G$2:$V$16,0,{place})),1)"
    )
    hidden = read_rows(path, 4)
    menus = {
        title: [row[column] for row in hidden[1:] if row[column]]
        for column, title in enumerate(hidden[0])
        if column >= 6
    }
    assert menus == {
        spec.title("zh"): [labels()[f"outcome.{code}"] for code in list_outcomes(spec)]
        for spec in load_lists()
    }
    assert "卡已送达" in menus["发卡"] and "卡已送达" not in menus["欠费"]


def test_outcomes_and_facts_are_in_a_hidden_tab(tmp_path: Path) -> None:
    path = written(tmp_path, work_list())
    assert '<sheet name="_office" sheetId="5" state="hidden"' in part(
        path, "xl/workbook.xml"
    )
    hidden = read_rows(path, 4)
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
    for cells in ("J4:J6", "L4:L6"):
        found = re.search(
            rf'<dataValidation type="date"[^>]*sqref="{cells}"><formula1>(\d+)</formula1><f\w+>(\d+)',
            sheet,
        )
        assert found and found.groups() == ("46296", "46752")  # 2026-10-01, 2027-12-31
    assert re.search(
        r'type="decimal"[^>]*error="[^"]+"[^>]*sqref="K4:K6"><formula1>0<', sheet
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
    assert '<protectedRange sqref="A3:X6" name="orders"/>' in sheet
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
    assert '<autoFilter ref="A3:X6"/>' in sheet and "$3:$3</definedName>" in book
    assert (
        '<pageSetup paperSize="9" fitToHeight="0" orientation="landscape"/>' in sheet
        and "fitToPage" in sheet
    )
    out_of_sight = [c.name for c in wb.WORK_LIST_COLUMNS if not c.is_seen]
    hidden = re.findall(r'<col min="(\d+)" max="(\d+)"[^>]*hidden="1"', sheet)
    places = [n for first, last in hidden for n in range(int(first), int(last) + 1)]
    assert [wb.WORK_LIST_COLUMNS[place - 1].name for place in places] == out_of_sight
    assert out_of_sight == [
        "row_id",
        "reasons",
        "also_on",
        "order_id",
        "customer_id",
        "service_id",
        "signature",
    ]
    assert 'numberStoredAsText="1"' in sheet


def test_ids_scripts_and_history_are_on_a_sheet_of_their_own(tmp_path: Path) -> None:
    rows = [order(1, script="您好", history="2026-09 欠费：已缴费"), order(2)]
    path = written(tmp_path, work_list(rows))
    details, call_sheet = read_rows(path, 1), read_rows(path, 2)
    titles = details[wb.HEADER_ROW]
    first = dict(zip(titles, details[wb.HEADER_ROW + 1], strict=True))
    words = labels()
    for name in ("script", "history", "order_id", "customer_id", "service_id"):
        assert first[words[name]] == rows[0][name]
    # What comes back is read from one sheet: these two have no outcome.
    assert words["outcome"] not in titles
    assert words["outcome"] not in call_sheet[wb.HEADER_ROW]
    assert len(call_sheet[wb.HEADER_ROW]) == 8


def test_the_call_sheet_has_room_for_a_promise_where_the_list_takes_one(
    tmp_path: Path,
) -> None:
    title = "高端零次户"
    rows = [order(1), order(2, list_title=title, action="上门看看")]
    header, *printed = read_rows(written(tmp_path, work_list(rows)), 2)[wb.HEADER_ROW :]
    words = labels()
    debt, other = (dict(zip(header, row, strict=True)) for row in printed)
    room = debt[words["promise_by_hand"]]
    assert room == words["promise_room"]
    assert len(room.split("\n")) >= 3  # a line for the day, a line for the amount
    assert other[words["promise_by_hand"]] == "–"
    assert debt[words["task"]] == "欠费\n电话提醒"
    assert other[words["task"]] == f"{title}\n上门看看"


def test_the_call_sheet_fills_an_a4_across_at_the_size_of_the_screen() -> None:
    pixels = sum(7 * column.width + 5 for column in CALL_SHEET_COLUMNS)
    inches = 11.69 - 2 * 0.4  # between the margins
    assert 0.95 * inches * 96 < pixels <= inches * 96


def test_the_due_day_is_coloured_until_there_is_an_outcome(tmp_path: Path) -> None:
    sheet = part(written(tmp_path, work_list()), "xl/worksheets/sheet1.xml")
    rules = re.findall(r'sqref="A4:A6"><cfRule.*?</conditionalFormatting>', sheet)
    (both,) = rules
    for sign in ("&lt;", "="):
        assert f'AND(ISNUMBER($A4),$A4{sign}TODAY(),$H4="")' in both


def test_draft_says_so_everywhere(tmp_path: Path) -> None:
    path = written(
        tmp_path, work_list(is_draft=True, caveats=("欠费表缺失", "上月晚到"))
    )
    mark = labels()["draft"]
    top = read_rows(path)
    assert top[0][0].startswith(mark) and "2026-10 · v2" in top[0][0]
    assert "欠费表缺失" in top[1][0] and "上月晚到" in top[1][0]
    assert ["注意", "欠费表缺失"] in [row[:2] for row in read_rows(path, 3)]
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
