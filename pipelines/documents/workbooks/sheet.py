"""Draw one sheet with XlsxWriter: header, cells, drop-downs, locks and print set-up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from numbers import Real
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_range, xl_rowcol_to_cell

from pipelines.core.errors import SpecError
from pipelines.documents.workbooks.columns import Cell, Column, Sheet
from pipelines.documents.workbooks.row_heights import measure_row
from pipelines.text.safe_text import clean_text, is_blank
from pipelines.text.units import round_to_fen

HEADER_ROW = 2  # zero-based: a line of title and a line of notes stand above it
ROW_LIMIT = 1_048_576
MONEY_LIMIT = Decimal("99999999.99")
# Excel keeps 15 digits: more than thirteen before the point would lose the fen.
_EXACT = 10**13
_DIGITS = {
    "money": "#,##0.00",
    "integer": "#,##0",
    "number": "General",
    "rate": "0.00%",
    "date": "yyyy-mm-dd",
}
_NUMBER_KINDS = ("money", "integer", "number", "rate")
_FIRST_YEAR = 1900  # of Excel's calendar
_TWO_ESCAPES = re.compile(r"_x[0-9A-Fa-f]{4}_x[0-9A-Fa-f]{4}_")
_IN_ESCAPE = re.compile(r"(?<=_x[0-9A-Fa-f]{4})(?=_)")
_FONTS = {"zh": "Microsoft YaHei", "en": "Calibri"}
_ALLOWED_IN_PROTECTED = ("format_columns", "format_rows", "sort", "autofilter")
_NUMBERS: Any = (Real, Decimal)
_WRAPPED_KINDS = ("text", "choice")
_A4 = 9
_DRAFT_COLOUR = "#C00000"
_OFFICE_COLOUR = "#1F4E79"
_INPUT_COLOUR = "#BF8F00"
_OVERDUE_COLOUR = "#F8C9C4"
_TODAY_COLOUR = "#FFE699"
_FormatKey = tuple[tuple[str, object], ...]


@dataclass
class Canvas:
    """A workbook in the making: its words, its language, and its formats, each made once."""

    book: Any
    labels: Mapping[str, str]
    language: str
    draft: str = ""
    _formats: dict[_FormatKey, Any] = field(default_factory=dict)

    def find_format(self, **spec: object) -> Any:
        """Return the format of that look, as XlsxWriter calls its properties."""
        key: _FormatKey = tuple(sorted(spec.items()))
        if key not in self._formats:
            font = _FONTS.get(self.language, "Calibri")
            look = {"font_name": font, "font_size": 11, **spec}
            self._formats[key] = self.book.add_format(look)
        return self._formats[key]

    def find_header_format(self, is_input: bool) -> Any:
        """Return the format of a column's title."""
        return self.find_format(
            bold=True,
            font_color="#FFFFFF",
            bg_color=_INPUT_COLOUR if is_input else _OFFICE_COLOUR,
            text_wrap=True,
            valign="vcenter",
            border=1,
        )

    def find_cell_format(self, kind: str, is_input: bool) -> Any:
        """Return the format of a body cell."""
        look: dict[str, object] = {
            "num_format": _DIGITS.get(kind, "@"),
            "border": 1,
            "border_color": "#D0D7DE",
            "valign": "top",
        }
        if kind in _WRAPPED_KINDS:
            look["text_wrap"] = True
        if is_input:
            look["bg_color"] = "#FFF9C4"
            look["locked"] = False

        return self.find_format(**look)


def open_workbook(target: Any) -> Any:
    """Return a workbook that takes every text as text.

    Nothing of it is left in a temporary folder.
    """
    return Workbook(
        target,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )


def draw_sheet(canvas: Canvas, sheet: Sheet, tab: str) -> Any:
    """Add a sheet to the canvas and return XlsxWriter's worksheet."""
    count = len(sheet.rows)
    if count > ROW_LIMIT - HEADER_ROW - 1:
        raise SpecError("workbook_too_long", sheet=sheet.name, rows=count)

    page = canvas.book.add_worksheet(tab)
    _draw_head(canvas, page, sheet)
    _draw_body(canvas, page, sheet)
    _set_view(page, sheet)
    _set_print(page, canvas.draft)
    if sheet.answer:
        _mark_due(canvas, page, sheet)
    if sheet.is_protected:
        _protect_page(canvas, page, sheet)
    return page


def find_sheet_title(sheet: Sheet, labels: Mapping[str, str]) -> str:
    """Return the sheet's own title, or else the label of its name."""
    return sheet.title or labels[f"sheet.{sheet.name}"]


def _find_corner(sheet: Sheet) -> tuple[int, int]:
    """Return the last line and the last column of a sheet, counted from zero."""
    last_line = HEADER_ROW + len(sheet.rows)
    last_column = len(sheet.columns) - 1
    return last_line, last_column


# -- what stands in it -------------------------------------------------------------------------


def _draw_head(canvas: Canvas, page: Any, sheet: Sheet) -> None:
    """Write title, note and header, and set the widths of the columns."""
    colour = _DRAFT_COLOUR if canvas.draft else _OFFICE_COLOUR
    title = find_sheet_title(sheet, canvas.labels)
    title_look = canvas.find_format(bold=True, font_size=14, font_color=colour)
    write_text(page, 0, 0, title, title_look)

    note = " ".join(sheet.note.split())
    note_look = canvas.find_format(font_color="#666666")
    write_text(page, 1, 0, note, note_look)

    for index, column in enumerate(sheet.columns):
        options = {"hidden": not column.is_seen}
        page.set_column(index, index, column.width, None, options)
        title = canvas.labels[column.name]
        look = canvas.find_header_format(column.is_input)
        write_text(page, HEADER_ROW, index, title, look)
    page.set_row(HEADER_ROW, 36)  # two lines of title, and a target a thumb can hit


def _draw_body(canvas: Canvas, page: Any, sheet: Sheet) -> None:
    """Write the rows, each as tall as its longest text."""
    looks = []
    wrapped = []
    for column in sheet.columns:
        looks.append(canvas.find_cell_format(column.kind, column.is_input))
        if column.kind in _WRAPPED_KINDS and column.is_seen:
            wrapped.append(column)

    for line, row in enumerate(sheet.rows, start=HEADER_ROW + 1):
        page.set_row(line, measure_row(wrapped, row, sheet.least_lines))
        for index, column in enumerate(sheet.columns):
            value = row.get(column.name)
            kind = column.kind
            look = looks[index]
            if isinstance(value, Cell):
                # It knows better than its column what it is.
                kind = value.kind
                look = canvas.find_cell_format(kind, is_input=False)
                value = value.value
            _write_cell(page, line, index, kind, value, look)


def _write_cell(
    page: Any, line: int, column: int, kind: str, value: Any, look: Any
) -> None:
    """Write a value as its kind asks; what does not fit its kind as text."""
    if is_blank(value):
        page.write_blank(line, column, None, look)
    elif kind == "date" and _is_day(value):
        page.write_datetime(line, column, _find_midnight(value), look)
    elif kind in _NUMBER_KINDS and _is_exact(kind, value):
        number = round_to_fen(value) if kind == "money" else value
        page.write_number(line, column, float(number), look)
    else:
        write_text(page, line, column, value, look)


def _is_day(value: Any) -> bool:
    """Say whether the value is a day that Excel knows."""
    return isinstance(value, date) and value.year >= _FIRST_YEAR


def _find_midnight(day: date) -> datetime:
    """Return when a day begins; XlsxWriter writes no days."""
    return datetime(day.year, day.month, day.day)


def _is_exact(kind: str, value: Any) -> bool:
    """Say whether the value survives as a number; what does not is written as its text."""
    if not isinstance(value, _NUMBERS) or isinstance(value, bool):
        return False
    if abs(value) >= _EXACT:
        return False
    return kind != "integer" or value == int(value)


def write_text(page: Any, line: int, column: int, value: object, look: Any) -> None:
    """Write a value as text, whatever it begins with."""
    text = clean_text(value)
    if not text:
        page.write_blank(line, column, None, look)
        return

    fragments = _split_text(text)
    if len(fragments) == 1:
        page.write_string(line, column, text, look)
        return

    runs: list[Any] = []
    for fragment in fragments:
        runs += [look, fragment]
    page.write_rich_string(line, column, *runs, look)


def _split_text(text: str) -> list[str]:
    """Split a text where XlsxWriter would not write it as it stands.

    It takes '<r>…</r>' for markup of its own, and of two escapes that share an underscore
    ('_x0041_x0042_') it escapes the first alone; runs of a rich string are written faithfully.
    """
    is_markup = text.startswith("<r>") and text.endswith("</r>")
    may_escape = "_x" in text
    has_escapes = may_escape and _TWO_ESCAPES.search(text) is not None
    if not is_markup and not has_escapes:
        return [text]
    fragments = [text[:1], *_IN_ESCAPE.split(text[1:])]
    return [fragment for fragment in fragments if fragment]


# -- how it is seen and printed ----------------------------------------------------------------


def _set_view(page: Any, sheet: Sheet) -> None:
    """Keep the header in view, and offer a filter on every column."""
    page.freeze_panes(HEADER_ROW + 1, sheet.frozen)
    page.hide_gridlines(2)
    last_line, last_column = _find_corner(sheet)
    page.autofilter(HEADER_ROW, 0, last_line, last_column)
    if sheet.rows:
        body = xl_range(HEADER_ROW + 1, 0, last_line, last_column)
        # Ids are digits kept as text on purpose: no green corners.
        page.ignore_errors({"number_stored_as_text": body})


def _mark_due(canvas: Canvas, page: Any, sheet: Sheet) -> None:
    """Colour the due day of what is not answered: red once it is over, yellow on the day.

    The program that opens the book knows which day it is.
    """
    if not sheet.rows:
        return
    names = [column.name for column in sheet.columns]
    due_at = names.index("due_on")
    first_line = HEADER_ROW + 1
    last_line, _ = _find_corner(sheet)
    due = xl_rowcol_to_cell(first_line, due_at, col_abs=True)
    answer_at = names.index(sheet.answer)
    answer = xl_rowcol_to_cell(first_line, answer_at, col_abs=True)

    for sign, colour in (("<", _OVERDUE_COLOUR), ("=", _TODAY_COLOUR)):
        rule = {
            "type": "formula",
            "criteria": f'=AND(ISNUMBER({due}),{due}{sign}TODAY(),{answer}="")',
            "format": canvas.book.add_format({"bg_color": colour}),
        }
        page.conditional_format(first_line, due_at, last_line, due_at, rule)


def _set_print(page: Any, draft: str) -> None:
    """Set A4 across, the header on every page; a draft says so on paper too."""
    page.set_paper(_A4)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.repeat_rows(HEADER_ROW)
    page.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    page.set_footer("&C&P / &N")
    if draft:
        # An ampersand would begin a code of Excel's own.
        mark = draft.replace("&", "&&")
        page.set_header(f"&C&18 {mark}")
        page.set_tab_color(_DRAFT_COLOUR)


# -- what may be typed -------------------------------------------------------------------------


def _protect_page(canvas: Canvas, page: Any, sheet: Sheet) -> None:
    """Let people sort and filter, and type into the inputs alone.

    Excel never sorts a range that holds locked cells, allowed or not, unless the range (header
    included) is opened for editing. So it is opened, and typing into the office's cells is refused
    by a validation instead, which sorting does not ask; what gets past it (Delete, paste) breaks
    the row's signature.
    """
    allowed = dict.fromkeys(_ALLOWED_IN_PROTECTED, True)
    page.protect("", allowed)

    last_line, last_column = _find_corner(sheet)
    whole = xl_range(HEADER_ROW, 0, last_line, last_column)
    page.unprotect_range(whole, "orders")

    locked = _make_locked_rule(canvas.labels)
    page.data_validation(HEADER_ROW, 0, HEADER_ROW, last_column, locked)
    if not sheet.rows:
        return
    for index, column in enumerate(sheet.columns):
        rule = _make_rule(canvas.labels, sheet, column)
        if rule:
            page.data_validation(HEADER_ROW + 1, index, last_line, index, rule)


def _make_rule(
    labels: Mapping[str, str], sheet: Sheet, column: Column
) -> dict[str, object] | None:
    """Return what may be typed into a column; None where anything may."""
    if not column.is_input:
        return _make_locked_rule(labels)
    if column.name in sheet.choices:
        return {
            "validate": "list",
            "source": sheet.choices[column.name],
            **_make_message(labels, "choice"),
        }

    if column.kind == "date" and sheet.dates:
        first, last = map(_find_midnight, sheet.dates)
        return _make_range_rule(labels, "date", "date", first, last)
    if column.kind == "money":
        most = float(MONEY_LIMIT)
        return _make_range_rule(labels, "money", "decimal", 0, most)
    return None


def _make_range_rule(
    labels: Mapping[str, str],
    name: str,
    validate: str,
    minimum: object,
    maximum: object,
) -> dict[str, object]:
    """Return a rule that takes what lies between two values, and says so beforehand."""
    message = _make_message(labels, name)
    return {
        "validate": validate,
        "criteria": "between",
        "minimum": minimum,
        "maximum": maximum,
        **message,
        "input_title": message["error_title"],
        "input_message": message["error_message"],
    }


def _make_locked_rule(labels: Mapping[str, str]) -> dict[str, object]:
    """Return a rule that takes nothing."""
    return {
        "validate": "custom",
        "value": "=FALSE",
        "ignore_blank": False,
        **_make_message(labels, "locked"),
    }


def _make_message(labels: Mapping[str, str], name: str) -> dict[str, str]:
    """Return what is said to who types something else."""
    return {
        "error_title": labels["check.title"],
        "error_message": labels[f"check.{name}"],
    }
