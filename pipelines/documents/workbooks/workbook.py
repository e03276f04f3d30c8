"""Write workbooks: the work list of one account manager, the tables of a branch or the company."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from io import BytesIO
from pathlib import Path

from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from pipelines.catalogue.outputs import list_outcomes, load_lists
from pipelines.core.errors import SpecError
from pipelines.documents.workbooks.columns import (
    CALL_SHEET_COLUMNS,
    DETAIL_COLUMNS,
    OUTCOMES,
    WORK_LIST_COLUMNS,
    Cell,
    Column,
    Sheet,
    SheetRow,
)
from pipelines.documents.workbooks.sheet import (
    HEADER_ROW,
    Canvas,
    draw_sheet,
    find_sheet_title,
    open_workbook,
    write_text,
)
from pipelines.documents.workbooks.signature import (
    is_signed_by,
    list_protected_cells,
    make_stable_text,
    sign_row,
)
from pipelines.documents.workbooks.table_columns import TABLE_COLUMNS
from pipelines.store.files import replacing
from pipelines.text.safe_text import clean_text, file_stem, is_blank, name_tabs

__all__ = [
    "HEADER_ROW",
    "HIDDEN_TAB",
    "OUTCOMES",
    "TABLE_COLUMNS",
    "WORK_LIST_COLUMNS",
    "Cell",
    "Column",
    "Sheet",
    "Stamp",
    "Tables",
    "WorkList",
    "clean_text",
    "file_stem",
    "is_signed_by",
    "list_protected_cells",
    "make_stable_text",
    "name_tabs",
    "sign_row",
    "write_tables",
    "write_work_list",
]

# The texts of outcomes in A beside their codes in B; what the file is in D and E; from G on the
# menu of each list under its title.
HIDDEN_TAB = "_office"
# Its columns.
_TEXTS = 0
_CODES = 1
_FACT_NAMES = 3
_FACT_VALUES = 4
_MENUS = 6
FROZEN_COLUMNS = 3  # due day, name, phone
_WRITING_LINES = 4  # room for what is written by hand
_NOTHING_TO_WRITE = "–"
OWNER_ONLY = 0o600  # full phone numbers are in it
Menus = Mapping[
    str, Sequence[str]
]  # the words that may be answered, by the title of a list


@dataclass(frozen=True)
class Stamp:
    """What a workbook is and how far it may be trusted.

    `created` comes from the month, never from the clock.
    """

    title: str
    language: str
    month: str
    version: int
    run_id: str
    created: date
    is_draft: bool
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True)
class WorkList:
    """One manager's orders, in the order to work them.

    Rows carry the signed columns' names, inputs may be filled. `is_bare` leaves out what is only
    looked up or printed.
    """

    stamp: Stamp
    manager_id: str
    rows: Sequence[SheetRow]
    note: str = ""
    outcomes: tuple[str, ...] = OUTCOMES
    columns: tuple[Column, ...] = WORK_LIST_COLUMNS
    is_bare: bool = False


@dataclass(frozen=True)
class Tables:
    """The sheets of a branch or the company; personal data in them are masked already."""

    stamp: Stamp
    sheets: tuple[Sheet, ...]


def write_work_list(
    path: Path, book: WorkList, labels: Mapping[str, str], key: bytes
) -> None:
    """Write one manager's workbook; the bytes depend on the arguments alone."""
    rows = [_sign_row(key, book.columns, row) for row in book.rows]
    menus = _list_menus(labels, book.stamp.language)
    sheet = Sheet(
        name="work_list",
        columns=book.columns,
        rows=rows,
        note=book.note,
        frozen=FROZEN_COLUMNS,
        is_protected=True,
        choices={"outcome": _write_menu_formula(book.columns, len(menus))},
        dates=_find_input_dates(book.stamp.month),
        answer="outcome",
    )
    sheets = (sheet,)
    if not book.is_bare:
        sheets = (sheet, *_make_companions(rows, labels, menus))

    facts = {**_list_facts(book.stamp), "manager_id": book.manager_id}
    _write_book(path, book.stamp, sheets, labels, facts, book.outcomes, menus)


def _make_companions(
    rows: Sequence[SheetRow], labels: Mapping[str, str], menus: Menus
) -> tuple[Sheet, Sheet]:
    """Return what is looked up of the orders, and what is printed and written on.

    Neither has the titles of an answer: what comes back is read from the work list alone.
    """
    details = Sheet("details", DETAIL_COLUMNS, rows, frozen=3)
    printed = [_make_printed_row(row, labels, menus) for row in rows]
    call_sheet = Sheet(
        "call_sheet", CALL_SHEET_COLUMNS, printed, least_lines=_WRITING_LINES
    )
    return details, call_sheet


def _make_printed_row(
    row: SheetRow, labels: Mapping[str, str], menus: Menus
) -> dict[str, object]:
    """Return an order as it is printed: its list and task in one cell, and room for a promise.

    Where the list takes no promise there is none to write.
    """
    list_title = str(row["list_title"])
    takes_promise = labels["outcome.promised"] in menus.get(list_title, ())
    room = labels["promise_room"] if takes_promise else _NOTHING_TO_WRITE
    return {
        **row,
        "task": f"{list_title}\n{row['action']}",
        "promise_by_hand": room,
    }


def write_tables(path: Path, book: Tables, labels: Mapping[str, str]) -> None:
    """Write the workbook of a branch or the company; the bytes depend on the arguments alone."""
    facts = _list_facts(book.stamp)
    _write_book(path, book.stamp, book.sheets, labels, facts, (), {})


def _list_menus(labels: Mapping[str, str], language: str) -> Menus:
    """Return what may be answered on each list, by the title that its rows bear."""
    menus: dict[str, list[str]] = {}
    for spec in load_lists():
        title = spec.title(language)
        menus[title] = []
        for code in list_outcomes(spec):
            word = labels[f"outcome.{code}"]
            menus[title].append(word)
    return menus


def _write_menu_formula(columns: Sequence[Column], menu_count: int) -> str:
    """Return the range of a row's drop-down: the menu that stands under the title of its list.

    The row says which list it is of, so that sorting moves no drop-down to a foreign row.
    """
    names = [column.name for column in columns]
    title_column = names.index("list_title")
    list_title = xl_rowcol_to_cell(HEADER_ROW + 1, title_column, col_abs=True)
    longest = len(OUTCOMES)
    last = _MENUS + menu_count - 1
    titles = xl_range_abs(0, _MENUS, 0, last)
    texts = xl_range_abs(1, _MENUS, longest, last)
    first_text = xl_rowcol_to_cell(1, _MENUS, row_abs=True, col_abs=True)
    tab = f"'{HIDDEN_TAB}'!"
    place = f"MATCH({list_title},{tab}{titles},0)"
    length = f"COUNTA(INDEX({tab}{texts},0,{place}))"
    return f"=OFFSET({tab}{first_text},0,{place}-1,{length},1)"


def _sign_row(
    key: bytes, columns: Sequence[Column], row: SheetRow
) -> dict[str, object]:
    """Return a row with its id and its signature.

    What is signed is what is written: a number in a text column becomes its text first.
    """
    shown = dict(row)
    for column in columns:
        value = row.get(column.name)
        if column.kind == "text" and not is_blank(value):
            shown[column.name] = clean_text(value)

    if row.get("signature"):
        # Not the office's row: it goes back with what it came with.
        return shown

    shown["row_id"] = shown["order_id"]
    protected = list_protected_cells(columns, shown)
    shown["signature"] = sign_row(key, protected)
    return shown


def _find_input_dates(month: str) -> tuple[date, date]:
    """Return the days a contact or a promise may bear.

    From the month itself to the end of the year after it: wide on purpose, it catches slips of the
    keyboard; what is possible the return decides, row by row.
    """
    first = date.fromisoformat(f"{month}-01")
    last = date(first.year + 1, 12, 31)
    return first, last


def _list_facts(stamp: Stamp) -> dict[str, object]:
    """Return what programs read of a workbook."""
    return {
        "month": stamp.month,
        "version": stamp.version,
        "run_id": stamp.run_id,
        "is_draft": stamp.is_draft,
        "language": stamp.language,
    }


def _write_book(
    path: Path,
    stamp: Stamp,
    sheets: Sequence[Sheet],
    labels: Mapping[str, str],
    facts: Mapping[str, object],
    outcomes: Sequence[str],
    menus: Menus,
) -> None:
    """Write a workbook whole or not at all; raise SpecError where XlsxWriter would drop cells."""
    target = BytesIO()
    draft = labels["draft"] if stamp.is_draft else ""
    canvas = Canvas(open_workbook(target), labels, stamp.language, draft)
    try:
        # XlsxWriter drops what Excel could not open and only warns: a workbook is whole or is not
        # written.
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            _set_properties(canvas, stamp, facts)
            _draw_sheets(canvas, stamp, sheets)
            _draw_hidden(canvas, facts, outcomes, menus)
            canvas.book.close()
    except UserWarning as warning:
        # Only what comes before the first quote: what XlsxWriter quotes may be a customer's data.
        cause = str(warning).split("'")[0]
        raise SpecError("workbook_refused", file=path.name, cause=cause) from None

    with replacing(path, OWNER_ONLY) as temporary:
        temporary.touch(OWNER_ONLY)
        temporary.write_bytes(target.getvalue())


def _draw_sheets(canvas: Canvas, stamp: Stamp, sheets: Sequence[Sheet]) -> None:
    """Draw the sheets, and behind them the one that says what the workbook is."""
    about = _make_about(stamp, canvas.labels)
    titles = [find_sheet_title(sheet, canvas.labels) for sheet in (*sheets, about)]
    _, *tabs = name_tabs([HIDDEN_TAB, *titles])
    *own_tabs, about_tab = tabs
    for sheet, tab in zip(sheets, own_tabs, strict=True):
        with_head = _add_head(canvas, stamp, sheet)
        draw_sheet(canvas, with_head, tab)
    draw_sheet(canvas, about, about_tab)


def _set_properties(canvas: Canvas, stamp: Stamp, facts: Mapping[str, object]) -> None:
    """Say in the properties of the file what it is."""
    day = stamp.created
    title = _join_line(canvas.draft, stamp.title)
    canvas.book.set_properties(
        {
            "title": clean_text(title),
            "subject": stamp.month,
            "status": canvas.draft or canvas.labels["released"],
            "created": datetime(day.year, day.month, day.day),
        }
    )

    for name, value in facts.items():
        shown = clean_text(value) if isinstance(value, str) else value
        canvas.book.set_custom_property(name, shown)


def _add_head(canvas: Canvas, stamp: Stamp, sheet: Sheet) -> Sheet:
    """Put the draft mark, the month and the caveats above the header of a sheet."""
    own_title = find_sheet_title(sheet, canvas.labels)
    version = f"v{stamp.version}"
    title = _join_line(canvas.draft, stamp.title, own_title, stamp.month, version)
    caveats = [f"{canvas.labels['caveat']}: {caveat}" for caveat in stamp.caveats]
    return replace(sheet, title=title, note=_join_line(sheet.note, *caveats))


def _join_line(*parts: str) -> str:
    """Join the parts of a line that there are."""
    return " · ".join(part for part in parts if part)


def _make_about(stamp: Stamp, labels: Mapping[str, str]) -> Sheet:
    """Say once, in full lines, what the note above a header has no room for."""
    state = labels["draft"] if stamp.is_draft else labels["released"]
    lines = [
        ("state", state),
        ("month", stamp.month),
        ("version", f"v{stamp.version}"),
        ("run_id", stamp.run_id),
    ]
    for caveat in stamp.caveats:
        lines.append(("caveat", caveat))
    for line in labels["how_to.lines"].splitlines():
        lines.append(("how_to", line))

    columns = (Column("about_what", 16), Column("about_text", 100))
    rows = [{"about_what": labels[key], "about_text": text} for key, text in lines]
    return Sheet("about", columns, rows)


def _draw_hidden(
    canvas: Canvas,
    facts: Mapping[str, object],
    outcomes: Sequence[str],
    menus: Menus,
) -> None:
    """Draw the sheet that drop-downs and programs read."""
    page = canvas.book.add_worksheet(HIDDEN_TAB)
    look = canvas.find_format(num_format="@")
    for line, code in enumerate(outcomes):
        text = canvas.labels[f"outcome.{code}"]
        write_text(page, line, _TEXTS, text, look)
        write_text(page, line, _CODES, code, look)

    for line, (name, value) in enumerate(facts.items()):
        write_text(page, line, _FACT_NAMES, name, look)
        write_text(page, line, _FACT_VALUES, value, look)

    for column, (title, texts) in enumerate(menus.items(), start=_MENUS):
        write_text(page, 0, column, title, look)
        for line, text in enumerate(texts, start=1):
            write_text(page, line, column, text, look)

    page.protect()
    page.hide()
