"""What people do to a workbook before they hand it back, and what must become of its rows."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.text.texts import load_labels
from tests.support.office import HEADER, fill

PEOPLE = ("ann", "bob", "cat", "dan", "eve", "fay")
ANSWERS: dict[str, dict[str, object]] = {
    "ann": {"outcome": "paid", "contacted_on": date(2026, 9, 4)},
    "bob": {
        "outcome": "promised", "contacted_on": date(2026, 9, 5), "promised_amount": Decimal("50.00"),
        "promised_on": date(2026, 9, 12),
    },
    "cat": {"outcome": "no_answer", "contacted_on": date(2026, 9, 7), "note": "关机，晚上再打"},
    "dan": {"outcome": "refused", "contacted_on": date(2026, 9, 8)},
    "eve": {"outcome": "call_back"},
}  # fmt: skip
ALL = len(ANSWERS)
WORDS = load_labels("zh")
Sheet = Any


@dataclass(frozen=True)
class Edit:
    """What somebody does to a workbook, and what must become of its filled rows."""

    name: str
    do: Callable[[Sheet], object]
    accepted: int = ALL
    unchanged: int = 0
    refused: tuple[str, ...] = ()
    language: str = "zh"

    @property
    def filled(self) -> int:
        """How many rows say something."""
        return self.accepted + self.unchanged + len(self.refused)


def column(sheet: Sheet, name: str) -> int:
    """Where a column stands now."""
    titles = {load_labels(language)[name] for language in ("zh", "en")}
    place: int = next(
        c.column for line in sheet.iter_rows() for c in line if c.value in titles
    )
    return place


def header_line(sheet: Sheet) -> int:
    titles = {WORDS["order_id"], "Order"}
    place: int = next(
        c.row for line in sheet.iter_rows() for c in line if c.value in titles
    )
    return place


def cell(sheet: Sheet, who: str, name: str) -> Any:
    """A customer's cell of a column."""
    place = column(sheet, "customer_id")
    line = next(
        i for i in range(1, sheet.max_row + 1) if sheet.cell(i, place).value == who
    )
    return sheet.cell(line, column(sheet, name))


def put(who: str, name: str, value: object) -> Callable[[Sheet], None]:
    def do(sheet: Sheet) -> None:
        cell(sheet, who, name).value = value

    return do


def together(*edits: Callable[[Sheet], object]) -> Callable[[Sheet], None]:
    def do(sheet: Sheet) -> None:
        for edit in edits:
            edit(sheet)

    return do


def values(sheet: Sheet) -> list[list[Any]]:
    first = header_line(sheet) + 1
    return [[c.value for c in line] for line in sheet.iter_rows(min_row=first)]


def lay(sheet: Sheet, rows: Sequence[Sequence[Any]], first: int | None = None) -> None:
    for i, line in enumerate(rows, first or header_line(sheet) + 1):
        for place, value in enumerate(line, start=1):
            sheet.cell(i, place).value = value


def sort_rows(sheet: Sheet) -> None:
    lay(sheet, values(sheet)[::-1])


def move_columns(sheet: Sheet) -> None:
    top = header_line(sheet)
    lines = [
        [(c.value, c.number_format) for c in line]
        for line in sheet.iter_rows(min_row=top)
    ]
    moved = [line[7:] + line[:7] for line in lines]
    lay(sheet, [[value for value, _ in line] for line in moved], top)
    for i, line in enumerate(moved, top):
        for place, (_, form) in enumerate(
            line, start=1
        ):  # a column moves with its format
            sheet.cell(i, place).number_format = form


def sort_inputs_alone(sheet: Sheet) -> None:
    """Sort the stretch from outcome to note, the row id in it, and leave the rest where it was."""
    rows, first, last = (
        values(sheet),
        column(sheet, "outcome") - 1,
        column(sheet, "note"),
    )
    dragged = [line[first:last] for line in rows][::-1]
    lay(
        sheet,
        [
            line[:first] + drag + line[last:]
            for line, drag in zip(rows, dragged, strict=True)
        ],
    )


def delete_rows(sheet: Sheet) -> None:
    for who in ("dan", "fay"):
        sheet.delete_rows(cell(sheet, who, "order_id").row)


def hide_rows(sheet: Sheet) -> None:
    for line in range(header_line(sheet) + 1, sheet.max_row + 1, 2):
        sheet.row_dimensions[line].hidden = True


def filter_rows(sheet: Sheet) -> None:
    sheet.auto_filter.add_filter_column(
        column(sheet, "outcome") - 1, [WORDS["outcome.paid"]]
    )
    for line in range(header_line(sheet) + 2, sheet.max_row + 1):
        sheet.row_dimensions[line].hidden = True


def rename_and_move(sheet: Sheet) -> None:
    sheet.title = "我的表 (2)"
    sheet.parent.move_sheet(sheet, len(sheet.parent.worksheets) - 1)


def other_sheet_first(sheet: Sheet) -> None:
    lay(sheet.parent.create_sheet("统计", 0), [["日期", "电话数"], ["9月4日", 12]], 1)


def split_on_two_sheets(sheet: Sheet) -> None:
    """Move all rows but the first two to another sheet, with the titles and the cells' formats."""
    top, rows = header_line(sheet), values(sheet)
    other = sheet.parent.create_sheet("下半月")
    lay(other, [[c.value for c in sheet[top]], *rows[2:]], 1)
    for line in range(2, len(rows)):
        for c in other[line]:
            c.number_format = sheet.cell(top + 1, c.column).number_format
    sheet.delete_rows(top + 3, len(rows) - 2)


def repeat_header(sheet: Sheet) -> None:
    titles = [c.value for c in sheet[header_line(sheet)]]
    rows = values(sheet)
    lay(sheet, [*rows[:2], titles, *rows[2:]])


def blank_rows(sheet: Sheet) -> None:
    rows = values(sheet)
    lay(sheet, [line for row in rows for line in (row, [None] * len(row))])


def total_row(sheet: Sheet) -> None:
    lay(sheet, [["合计", None, None, None, None, 250]], sheet.max_row + 1)


def title_lines(sheet: Sheet) -> None:
    sheet.insert_rows(1, 2)
    sheet["A1"].value = "城关支局 9 月回单"


def copy_row(sheet: Sheet) -> None:
    line = cell(sheet, "ann", "order_id").row
    lay(sheet, [[c.value for c in sheet[line]]], sheet.max_row + 1)


def copy_row_with_other_answer(sheet: Sheet) -> None:
    copy_row(sheet)
    sheet.cell(sheet.max_row, column(sheet, "outcome")).value = WORDS["outcome.refused"]


def forge_row(sheet: Sheet) -> None:
    copy_row(sheet)
    for name in ("order_id", "row_id"):
        sheet.cell(sheet.max_row, column(sheet, name)).value = "202608-AAAAAAAAAAAA"


def swap_order_ids(sheet: Sheet) -> None:
    a, b = cell(sheet, "ann", "order_id"), cell(sheet, "bob", "order_id")
    a.value, b.value = b.value, a.value


def drop_column(name: str) -> Callable[[Sheet], None]:
    return lambda sheet: sheet.delete_cols(column(sheet, name))


def own_column(sheet: Sheet) -> None:
    place = sheet.max_column + 1
    sheet.cell(header_line(sheet), place).value = "下次回访"
    sheet.cell(header_line(sheet) + 1, place).value = "周三"


def remark_beside(sheet: Sheet) -> None:
    sheet.cell(header_line(sheet) + 2, sheet.max_column + 2).value = "这户很急"


def blank_header_letters(sheet: Sheet) -> None:
    for line in sheet.iter_rows(min_row=HEADER, max_row=HEADER):
        for c in line:
            c.value = f" {c.value[:1]}\n{c.value[1:]}　"


def clear_signature(sheet: Sheet) -> None:
    cell(sheet, "cat", "signature").value = None


def merge_title(sheet: Sheet) -> None:
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=6)


def everything_text(sheet: Sheet) -> None:
    """Every cell as its text, as a detour through another program leaves them."""
    for line in sheet.iter_rows(min_row=header_line(sheet) + 1):
        for c in line:
            if isinstance(c.value, datetime):
                c.value = c.value.strftime("%Y/%m/%d")
            elif c.value is not None:
                c.value = str(c.value)
            c.number_format = "@"


EDITS = [
    Edit("untouched", lambda sheet: None),
    Edit("titles in English", lambda sheet: None, language="en"),
    Edit("rows sorted", sort_rows),
    Edit("columns moved", move_columns),
    Edit("rows deleted", delete_rows, accepted=ALL - 1),
    Edit("rows hidden", hide_rows),
    Edit("rows filtered away", filter_rows),
    Edit("sheet renamed and moved to the end", rename_and_move),
    Edit("another sheet in front", other_sheet_first),
    Edit("rows split on two sheets", split_on_two_sheets),
    Edit("header repeated within", repeat_header),
    Edit("blank rows between", blank_rows),
    Edit("a total at the end", total_row),
    Edit("two lines above the title", title_lines),
    Edit("title merged", merge_title),
    Edit("a column of one's own", own_column),
    Edit("a remark beside the table", remark_beside),
    Edit("header with blanks and line breaks", blank_header_letters),
    Edit("every cell turned into text", everything_text),
    Edit("a phone turned into a number", lambda sheet: put("ann", "phone", 13812345678)(sheet)),
    Edit("outcome as its code", put("ann", "outcome", "paid")),
    Edit("outcome in the other language, with blanks", put("ann", "outcome", " Paid ")),
    Edit("a date in Chinese", put("ann", "contacted_on", "2026年9月4日")),
    Edit("a date as digits", put("ann", "contacted_on", 20260904)),
    Edit("a date as a serial day", put("ann", "contacted_on", 46269)),
    Edit("an amount with signs, in full-width digits", put("bob", "promised_amount", "￥５０.00")),
    Edit("a note that would be a formula", put("cat", "note", "=1+1")),
    Edit("a note of five thousand letters", put("cat", "note", "忙" * 5000)),
    Edit("a row copied", copy_row, unchanged=1),
    Edit("a row copied and answered otherwise", copy_row_with_other_answer, accepted=ALL + 1),
    Edit("inputs sorted without the rest", sort_inputs_alone, 0, refused=("moved_row",) * ALL),
    Edit("order ids swapped", swap_order_ids, ALL - 2, refused=("moved_row",) * 2),
    Edit("a row that was never sent", forge_row, refused=("changed_cell",)),
    Edit("an amount of the office changed", put("ann", "amount", 5), ALL - 1, refused=("changed_cell",)),
    Edit("a due day put off", put("ann", "due_on", date(2026, 12, 1)), ALL - 1, refused=("changed_cell",)),
    Edit("a customer changed", put("ann", "customer_name", "李四"), ALL - 1, refused=("changed_cell",)),
    Edit("a signature wiped", clear_signature, ALL - 1, refused=("changed_cell",)),
    Edit("a column of the office deleted", drop_column("also_on"), 0, refused=("lost_column",) * ALL),
    Edit("the signatures deleted", drop_column("signature")),
    Edit("the signatures deleted, an amount changed",
         together(put("ann", "amount", 5), drop_column("signature")), ALL - 1, refused=("changed_cell",)),
    Edit("a contact before the order", put("ann", "contacted_on", date(2026, 9, 1)), ALL - 1,
         refused=("impossible_day",)),
    Edit("a contact years later", put("ann", "contacted_on", date(2028, 9, 4)), ALL - 1, refused=("impossible_day",)),
    Edit("a day that does not exist", put("ann", "contacted_on", "2026-02-30"), ALL - 1, refused=("bad_date",)),
    Edit("a promise before the contact", put("bob", "promised_on", date(2026, 9, 4)), ALL - 1,
         refused=("impossible_day",)),
    Edit("a promise without its day", put("bob", "promised_on", None), ALL - 1, refused=("needs",)),
    Edit("a promise without its amount", put("bob", "promised_amount", None), ALL - 1, refused=("needs",)),
    Edit("an amount in words", put("bob", "promised_amount", "五十左右"), ALL - 1, refused=("bad_amount",)),
    Edit("an amount below zero", put("bob", "promised_amount", -50), ALL - 1, refused=("bad_amount",)),
    Edit("an outcome of one's own", put("ann", "outcome", "搞定"), ALL - 1, refused=("unknown_outcome",)),
    Edit("a note without an outcome", put("fay", "note", "打了"), refused=("no_outcome",)),
    Edit("a day without its year", put("ann", "contacted_on", "9月5日")),
    Edit("a day without its year, in full-width digits", put("ann", "contacted_on", " ９ 月 ５ 号")),
    Edit("a day without its year, before the order", put("ann", "contacted_on", "8月30日"), ALL - 1,
         refused=("impossible_day",)),
    Edit("a day without its year that does not exist", put("ann", "contacted_on", "2月30日"), ALL - 1,
         refused=("bad_date",)),
    Edit("an amount nobody can keep", put("bob", "promised_amount", "9999999999999999.99"), ALL - 1,
         refused=("bad_amount",)),
    Edit("the least amount that is too much", put("bob", "promised_amount", "1,000,000,000,000.00"), ALL - 1,
         refused=("bad_amount",)),
    Edit("a day that bears a reader's mark", put("ann", "due_on", "\ue001x"), ALL - 1, refused=("changed_cell",)),
    Edit("the largest amount", put("bob", "promised_amount", "999,999,999,999.99")),
]  # fmt: skip


def edited(sent: dict[str, Path], edit: Edit, folder: Path) -> Path:
    path = folder / f"{EDITS.index(edit):02d}.xlsx"
    shutil.copy(sent[edit.language], path)
    return fill(path, ANSWERS, edit.language, edit.do)


def judged(receipt: Any) -> tuple[int, int, Counter[str]]:
    return (
        receipt.accepted,
        receipt.unchanged,
        Counter(row.refusal.key for row in receipt.refused),
    )


def as_told(edit: Edit) -> tuple[int, int, Counter[str]]:
    return edit.accepted, edit.unchanged, Counter(edit.refused)
