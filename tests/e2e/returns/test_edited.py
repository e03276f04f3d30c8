"""Workbooks edited in hostile ways and handed back: every filled row is taken or refused with a reason, none is lost.

The same edits go through LibreOffice as well where it is installed.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipelines.core.names import show_name
from pipelines.documents.workbooks.columns import WORK_LIST_COLUMNS
from pipelines.returns.corrected import SentOut, write_corrected
from pipelines.sources.operator.delivery import FileRefused
from pipelines.text.texts import load_labels
from tests.support.office import (
    HEADER,
    answers_of,
    exported,
    fill,
    reading,
    released_town,
    rows_of,
    taken,
)
from tests.support.small import KEY, Town

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
    return next(
        c.column for line in sheet.iter_rows() for c in line if c.value in titles
    )


def header_line(sheet: Sheet) -> int:
    return next(
        c.row
        for line in sheet.iter_rows()
        for c in line
        if c.value in {WORDS["order_id"], "Order"}
    )


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


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose month is released: six orders of one manager."""
    folder = tmp_path_factory.mktemp("returns")
    town = Town()
    for who in PEOPLE:
        town.person(who).owe(who)
    released_town(folder / "home", town)
    return folder / "home"


@pytest.fixture(scope="module")
def sent(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The manager's workbook as it was sent out, by language."""
    return {
        lang: exported(home, tmp_path_factory.mktemp(lang), lang)["M1"]
        for lang in ("zh", "en")
    }


@pytest.fixture
def office(home: Path, tmp_path: Path) -> Path:
    """A home of one's own with the same orders in its office."""
    (tmp_path / "home").mkdir()
    shutil.copy(home / "office.sqlite3", tmp_path / "home")
    return tmp_path / "home"


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


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_every_filled_row_is_taken_or_refused_and_none_is_lost(
    edit: Edit, sent: dict[str, Path], office: Path, tmp_path: Path
) -> None:
    path = edited(sent, edit, tmp_path)
    receipt = taken(office, path)
    assert judged(receipt) == as_told(edit)
    assert len(answers_of(office)) == edit.accepted
    again = taken(office, path)
    assert (again.accepted, again.unchanged, len(again.refused)) == (
        0, edit.accepted + edit.unchanged, len(edit.refused),
    )  # fmt: skip
    assert len(answers_of(office)) == edit.accepted


def test_what_is_taken_is_what_was_filled_in(
    sent: dict[str, Path], office: Path, tmp_path: Path
) -> None:
    taken(office, edited(sent, EDITS[0], tmp_path))
    nothing = {
        "contacted_on": None,
        "promised_amount": None,
        "promised_on": None,
        "note": "",
    }
    assert answers_of(office) == [
        {"customer_id": who, **nothing, **answer} for who, answer in ANSWERS.items()
    ]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("=1+1", "=1+1"),
        ("='打了", "='打了"),
        ("+86 138", "+86 138"),
        ("@SUM(A1)", "@SUM(A1)"),
        ("#N/A", "#N/A"),
    ],
)
def test_a_note_is_kept_as_the_text_it_is(
    sent: dict[str, Path], office: Path, tmp_path: Path, typed: str, kept: str
) -> None:
    path = edited(sent, EDITS[0], tmp_path)
    book = openpyxl.load_workbook(path)
    place = cell(book.worksheets[0], "cat", "note")
    place.value = typed
    book.save(path)
    assert judged(taken(office, path)) == (ALL, 0, Counter())
    assert [
        row["note"] for row in answers_of(office) if row["customer_id"] == "cat"
    ] == [kept]


def test_a_note_that_went_back_is_inert(
    sent: dict[str, Path], home: Path, tmp_path: Path
) -> None:
    """The refused row's note stands in the workbook to be corrected as text, not as a formula."""
    path = edited(sent, EDITS[0], tmp_path)
    book = openpyxl.load_workbook(path)
    cell(book.worksheets[0], "cat", "note").value = "=cmd|' /C calc'!A0"
    cell(book.worksheets[0], "cat", "contacted_on").value = "nonsense"
    book.save(path)
    (row,) = [row for row in reading(path).rows if row.refusal]
    back = tmp_path / "back.xlsx"
    write_corrected(back, [row], SentOut(home), "zh", KEY.encode(), "back")
    (found,) = rows_of(back)
    assert found["note"] == "=cmd|' /C calc'!A0"
    sheet = openpyxl.load_workbook(back).worksheets[0]
    assert {
        c.data_type
        for line in sheet.iter_rows()
        for c in line
        if c.value == found["note"]
    } == {"s"}


@pytest.mark.parametrize(
    ("order", "text", "day"),
    [
        ("202608-ABC", "9月5日", date(2026, 9, 5)),
        ("202608-ABC", "09月05日", date(2026, 9, 5)),
        ("202611-ABC", "12月31日", date(2026, 12, 31)),
        ("202611-ABC", "1月3日", date(2027, 1, 3)),
        ("202612-ABC", "1月3日", date(2027, 1, 3)),
        ("202612-ABC", "12月31日", date(2026, 12, 31)),
        ("202701-ABC", "12月31日", date(2027, 12, 31)),
        ("202708-ABC", "2月29日", date(2028, 2, 29)),
        ("202608-ABC", "2月29日", False),
        ("202608-ABC", "13月1日", False),
        ("202608-ABC", "0月1日", False),
        ("202608-ABC", "9/5", False),
        ("whatever", "9月5日", False),
    ],
)
def test_a_day_without_its_year_is_the_first_since_the_orders_month_began(
    tmp_path: Path, order: str, text: str, day: date | bool
) -> None:
    path = tmp_path / "back.csv"
    path.write_text(
        f"order_id,outcome,contacted_on\n{order},paid,{text}\n", encoding="utf-8"
    )
    (row,) = reading(path).rows
    assert (row.contacted_on or False) == day
    assert (row.refusal is None) == bool(day)


# -- files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        b"\xff\xfe.xlsx",
        b"a\nb.xlsx",
        "\u202egpj.xlsx".encode(),
        b"-x.xlsx",
        "张三".encode("gbk") + b".xlsx",
        b"\xff" * 250 + b".xlsx",
    ],
    ids=["bytes", "line break", "direction", "like an option", "gbk", "long"],
)
def test_a_file_of_any_name_is_taken_and_its_refused_rows_go_back(
    sent: dict[str, Path], office: Path, home: Path, tmp_path: Path, name: bytes
) -> None:
    path = tmp_path / os.fsdecode(name)
    made = edited(sent, EDITS[0], tmp_path)
    book = openpyxl.load_workbook(made)
    cell(book.worksheets[0], "ann", "contacted_on").value = "nonsense"
    book.save(made)
    made.rename(path)
    command: list[str | bytes | Path] = [
        sys.executable,
        "-m",
        "pipelines",
        "outcomes",
        "--json",
        "--home",
        office,
        "--out",
        tmp_path / "out",
        "--by",
        b"\xffme",
    ]
    env = {**os.environ, "RETENTION_SECRET_KEY": KEY, "RETENTION_DEMONSTRATION": "true"}
    done = subprocess.run(
        [*command, "--", path], capture_output=True, env=env, check=False
    )
    assert done.returncode == 12, done.stderr.decode()
    (told,) = json.loads(done.stdout.decode())
    assert told["file"] == show_name(path.name)[-255:]
    assert (told["accepted"], len(told["refused"])) == (ALL - 1, 1)
    assert Path(told["corrected"]).is_file()


@pytest.mark.parametrize("thing", ["is_special", "is_folder", "link_dangling"])
def test_what_is_no_file_is_refused_and_holds_back_no_other(
    sent: dict[str, Path], office: Path, tmp_path: Path, thing: str
) -> None:
    path = tmp_path / "back.xlsx"
    if thing == "is_special":
        os.mkfifo(path)
    elif thing == "is_folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere")
    with pytest.raises(FileRefused, match=thing):
        reading(path)


def test_sheets_whose_names_differ_by_blanks_alone_are_both_read(
    sent: dict[str, Path], office: Path, tmp_path: Path
) -> None:
    path = edited(sent, EDITS[0], tmp_path)
    book = openpyxl.load_workbook(path)
    first = book.worksheets[0]
    first.title = "Sheet1"
    second = book.copy_worksheet(first)
    second.title = "Sheet 1"
    for sheet, others in ((first, ("ann", "bob")), (second, ("cat", "dan", "eve"))):
        for who in others:
            sheet.delete_rows(cell(sheet, who, "order_id").row)
    book.save(path)
    assert judged(taken(office, path)) == (ALL, 0, Counter())


# -- CSV ---------------------------------------------------------------------------------------------------------


def as_csv(
    book: Path, out: Path, encoding: str, delimiter: str = ",", titles: int = 0
) -> Path:
    """Write a work list as a spreadsheet program writes CSV; `titles` lines stand above the header."""
    rows = list(rows_of(book))
    with out.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerows([["工作清单"]] * titles)
        writer.writerow([WORDS[c.name] for c in WORK_LIST_COLUMNS])
        for row in rows:
            writer.writerow([_plain(row[c.name]) for c in WORK_LIST_COLUMNS])
    return out


def _plain(value: object) -> object:
    return f"{value:%Y/%m/%d}" if isinstance(value, datetime) else value


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [
        ("utf-8", ","),
        ("utf-8-sig", ","),
        ("gb18030", ","),
        ("gbk", "\t"),
        ("utf-16", "\t"),
    ],
)
def test_saved_as_csv_in_any_encoding(
    sent: dict[str, Path], office: Path, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    book = edited(sent, EDITS[0], tmp_path)
    receipt = taken(
        office, as_csv(book, tmp_path / "back.csv", encoding, delimiter, titles=2)
    )
    assert judged(receipt) == (ALL, 0, Counter())


def test_the_contract_s_own_csv(
    sent: dict[str, Path], office: Path, tmp_path: Path
) -> None:
    ids = {row["customer_id"]: row["order_id"] for row in rows_of(sent["zh"])}
    lines = [
        "order_id,outcome,contacted_on,promised_amount,promised_on,note",
        f"{ids['ann']},paid,2026-09-04,,,",
        f"{ids['bob']},promised,2026/9/5,50.00,20260912,一定",
        f"{ids['cat']},promised,2026-09-05,,,",
        "202608-ZZZZZZZZZZZZ,paid,2026-09-04,,,",
        ",paid,2026-09-04,,,",
        f"{ids['dan']},refused,2026-09-04,,,too,many",
    ]
    (tmp_path / "back.csv").write_text("\n".join(lines), encoding="utf-8")
    receipt = taken(office, tmp_path / "back.csv")
    assert judged(receipt) == (
        2,
        0,
        Counter(["needs", "unknown_order", "no_order", "broken_row"]),
    )


# -- LibreOffice -------------------------------------------------------------------------------------------------

SOFFICE = shutil.which("soffice")
by_libreoffice = pytest.mark.skipif(
    SOFFICE is None, reason="LibreOffice (soffice) is not installed"
)


def resave(
    files: Sequence[Path], out: Path, form: str, profile: Path
) -> dict[str, Path]:
    """Open files in LibreOffice without a screen and save them in another form; by stem."""
    command = [
        str(SOFFICE),
        f"-env:UserInstallation=file://{profile}",
        "--headless",
        "--convert-to",
        form,
    ]
    subprocess.run(
        [*command, "--outdir", str(out), *map(str, files)],
        check=True,
        capture_output=True,
        timeout=600,
    )
    return {file.stem.split("-")[0]: file for file in out.iterdir()}


@pytest.fixture(scope="module")
def resaved(
    sent: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Path]]:
    """Every edited workbook as LibreOffice saves it: as .xlsx and as .csv."""
    folder, profile = (
        tmp_path_factory.mktemp("edited"),
        tmp_path_factory.mktemp("profile"),
    )
    files = [edited(sent, edit, folder) for edit in EDITS]
    forms = {
        "xlsx": "xlsx:Calc MS Excel 2007 XML",
        "csv": "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true",
    }
    return {
        kind: resave(files, tmp_path_factory.mktemp(kind), form, profile)
        for kind, form in forms.items()
    }


@pytest.mark.long
@by_libreoffice
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_saved_by_libreoffice(
    edit: Edit, kind: str, resaved: dict[str, dict[str, Path]], office: Path
) -> None:
    if kind == "csv" and edit.do in (
        rename_and_move,
        other_sheet_first,
        split_on_two_sheets,
    ):
        pytest.skip("a CSV holds one sheet, here another one")
    receipt = taken(office, resaved[kind][f"{EDITS.index(edit):02d}"])
    # Twenty million days are a date to LibreOffice, and a CSV holds what it shows.
    is_lost_there = kind == "csv" and edit.name == "a date as digits"
    assert judged(receipt) == (
        (ALL - 1, 0, Counter(["bad_date"])) if is_lost_there else as_told(edit)
    )
