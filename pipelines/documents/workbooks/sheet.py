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
from xlsxwriter.utility import xl_range

from pipelines.core.errors import SpecError
from pipelines.documents.workbooks.columns import Cell, Column, Sheet
from pipelines.text.safe_text import clean_text, is_blank
from pipelines.text.units import yuan

HEADER_ROW = 2  # zero-based: a line of title and a line of notes stand above it
ROW_LIMIT = 1_048_576
MONEY_LIMIT = Decimal("99999999.99")
_LINE_POINTS = 16.5  # of a line of eleven points; programs do not measure wrapped rows themselves
_TALLEST_ROW = 409.0  # Excel's own limit
_EXACT = 10**13  # Excel keeps 15 digits: more than thirteen before the point would lose the fen
_DIGITS = {
    "money": "#,##0.00",
    "integer": "#,##0",
    "number": "General",
    "rate": "0.00%",
    "date": "yyyy-mm-dd",
}
_TWO_ESCAPES = re.compile(r"_x[0-9A-Fa-f]{4}_x[0-9A-Fa-f]{4}_")
_IN_ESCAPE = re.compile(r"(?<=_x[0-9A-Fa-f]{4})(?=_)")
_FONT = {"zh": "Microsoft YaHei", "en": "Calibri"}
_MAY = ("format_columns", "format_rows", "sort", "autofilter")
_NUMBERS: Any = (Real, Decimal)
_Spec = tuple[tuple[str, object], ...]


@dataclass
class Canvas:
    """A workbook in the making: its words, its language, and its formats, each made once."""

    book: Any
    labels: Mapping[str, str]
    language: str
    draft: str = ""
    _formats: dict[_Spec, Any] = field(default_factory=dict)

    def format(self, **spec: object) -> Any:
        """Return the format of that look."""
        key: _Spec = tuple(sorted(spec.items()))
        if key not in self._formats:
            base = {"font_name": _FONT.get(self.language, "Calibri"), "font_size": 11}
            self._formats[key] = self.book.add_format({**base, **spec})
        return self._formats[key]

    def cell(self, kind: str, is_input: bool) -> Any:
        """Return the format of a body cell."""
        look: dict[str, object] = {
            "num_format": _DIGITS.get(kind, "@"),
            "border": 1,
            "border_color": "#D0D7DE",
        }
        if kind in ("text", "choice"):
            look["text_wrap"] = True
        if is_input:
            look |= {"bg_color": "#FFF9C4", "locked": False}
        return self.format(valign="top", **look)


def open_workbook(target: Any) -> Any:
    """Return a workbook that takes every text as text and leaves nothing of it in a temporary folder."""
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
    if len(sheet.rows) > ROW_LIMIT - HEADER_ROW - 1:
        raise SpecError("workbook_too_long", sheet=sheet.name, rows=len(sheet.rows))
    page = canvas.book.add_worksheet(tab)
    _draw_head(canvas, page, sheet)
    _draw_body(canvas, page, sheet)
    _set_view(page, sheet)
    _set_print(page, canvas.draft)
    if sheet.is_protected:
        _protect(canvas, page, sheet)
    return page


def title_of(sheet: Sheet, labels: Mapping[str, str]) -> str:
    """Return the sheet's own title, or else the label of its name."""
    return sheet.title or labels[f"sheet.{sheet.name}"]


def _draw_head(canvas: Canvas, page: Any, sheet: Sheet) -> None:
    colour = "#C00000" if canvas.draft else "#1F4E79"
    write_text(
        page,
        0,
        0,
        title_of(sheet, canvas.labels),
        canvas.format(bold=True, font_size=14, font_color=colour),
    )
    write_text(page, 1, 0, " ".join(sheet.note.split()), canvas.format(font_color="#666666"))
    for place, column in enumerate(sheet.columns):
        page.set_column(place, place, column.width, None, {"hidden": column.is_hidden})
        fill = "#BF8F00" if column.is_input else "#1F4E79"
        look = canvas.format(
            bold=True,
            font_color="#FFFFFF",
            bg_color=fill,
            text_wrap=True,
            valign="vcenter",
            border=1,
        )
        write_text(page, HEADER_ROW, place, canvas.labels[column.name], look)
    page.set_row(HEADER_ROW, 36)  # two lines of title, and a target a thumb can hit


def _draw_body(canvas: Canvas, page: Any, sheet: Sheet) -> None:
    plain = [
        (place, c.name, c.kind, canvas.cell(c.kind, c.is_input))
        for place, c in enumerate(sheet.columns)
    ]
    wrapped = [
        column
        for column in sheet.columns
        if column.kind in ("text", "choice") and not column.is_hidden
    ]
    for line, row in enumerate(sheet.rows, start=HEADER_ROW + 1):
        page.set_row(line, _row_height(wrapped, row))
        for place, name, kind, look in plain:
            value = row.get(name)
            if isinstance(value, Cell):
                _write_cell(
                    page,
                    line,
                    place,
                    value.kind,
                    value.value,
                    canvas.cell(value.kind, is_input=False),
                )
            else:
                _write_cell(page, line, place, kind, value, look)


def _row_height(columns: list[Column], row: Mapping[str, object]) -> float:
    """Return the points that a row needs to show each of its wrapped texts in full, as far as a row can grow."""
    lines = 1
    for column in columns:
        value = row.get(column.name)
        if isinstance(value, str):
            lines = max(lines, _count_lines(value, column.width))
    return min(lines * _LINE_POINTS, _TALLEST_ROW)


def _count_lines(text: str, width: int) -> int:
    """Count the lines that a text takes in a column; a Chinese sign is as wide as two digits."""
    room = max(width - 1, 1)  # a cell keeps a margin, and words are not broken
    # In GBK, and in what replaces a sign it lacks, bytes are widths.
    widths = [len(line.encode("gbk", "replace")) for line in text.split("\n")]
    return sum(max(1, -(-width_of_line // room)) for width_of_line in widths)


def _write_cell(page: Any, line: int, place: int, kind: str, value: Any, look: Any) -> None:
    if is_blank(value):
        page.write_blank(line, place, None, look)
    elif kind == "date" and isinstance(value, date) and value.year >= 1900:
        page.write_datetime(line, place, datetime(value.year, value.month, value.day), look)
    elif kind in _DIGITS and kind != "date" and _is_exact(kind, value):
        page.write_number(line, place, float(yuan(value) if kind == "money" else value), look)
    else:
        write_text(page, line, place, value, look)


def _is_exact(kind: str, value: Any) -> bool:
    """Say whether the value survives as a number; what does not is written as its text."""
    if not isinstance(value, _NUMBERS) or isinstance(value, bool) or abs(value) >= _EXACT:
        return False
    return kind != "integer" or value == int(value)


def write_text(page: Any, line: int, place: int, value: object, look: Any) -> None:
    """Write a value as text, whatever it begins with."""
    text = clean_text(value)
    parts = _fragments(text)
    if not text:
        page.write_blank(line, place, None, look)
    elif len(parts) > 1:
        page.write_rich_string(line, place, *_runs(parts, look))
    else:
        page.write_string(line, place, text, look)


def _fragments(text: str) -> list[str]:
    """Split a text where XlsxWriter would not write it as it stands."""
    # It takes '<r>…</r>' for markup of its own, and of two escapes that share an underscore ('_x0041_x0042_') it
    # escapes the first alone; runs of a rich string are written faithfully.
    is_markup = text.startswith("<r>") and text.endswith("</r>")
    if is_markup or _TWO_ESCAPES.search(text):
        return [*filter(None, [text[:1], *_IN_ESCAPE.split(text[1:])])]
    return [text]


def _runs(parts: list[str], look: Any) -> list[Any]:
    runs: list[Any] = []
    for part in parts:
        runs += [look, part]
    return [*runs, look]


def _set_view(page: Any, sheet: Sheet) -> None:
    page.freeze_panes(HEADER_ROW + 1, sheet.frozen)
    page.hide_gridlines(2)
    last_line, last_place = HEADER_ROW + len(sheet.rows), len(sheet.columns) - 1
    page.autofilter(HEADER_ROW, 0, last_line, last_place)
    if sheet.rows:
        # Ids are digits kept as text on purpose: no green corners.
        page.ignore_errors(
            {"number_stored_as_text": xl_range(HEADER_ROW + 1, 0, last_line, last_place)}
        )


def _set_print(page: Any, draft: str) -> None:
    page.set_paper(9)  # A4
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.repeat_rows(HEADER_ROW)
    page.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    page.set_footer("&C&P / &N")
    if draft:
        page.set_header("&C&18" + " " + draft.replace("&", "&&"))
        page.set_tab_color("#C00000")


def _protect(canvas: Canvas, page: Any, sheet: Sheet) -> None:
    page.protect("", dict.fromkeys(_MAY, True))
    last_line, last_place = HEADER_ROW + len(sheet.rows), len(sheet.columns) - 1
    # Excel never sorts a range that holds locked cells, allowed or not, unless the range (header included) is opened
    # for editing. So it is opened, and typing into the office's cells is refused by a validation instead, which sorting
    # does not ask; what gets past it (Delete, paste) breaks the row's signature.
    page.unprotect_range(xl_range(HEADER_ROW, 0, last_line, last_place), "orders")
    page.data_validation(HEADER_ROW, 0, HEADER_ROW, last_place, _locked(canvas.labels))
    for place, column in enumerate(sheet.columns):
        rule = _rule(canvas.labels, sheet, column)
        if rule and sheet.rows:
            page.data_validation(HEADER_ROW + 1, place, last_line, place, rule)


def _rule(labels: Mapping[str, str], sheet: Sheet, column: Column) -> dict[str, object] | None:
    if not column.is_input:
        return _locked(labels)
    if column.name in sheet.choices:
        return {
            "validate": "list",
            "source": sheet.choices[column.name],
            **_message(labels, "choice"),
        }
    if column.kind == "date" and sheet.dates:
        first, last = (datetime(day.year, day.month, day.day) for day in sheet.dates)
        between = {"criteria": "between", "minimum": first, "maximum": last}
        return {"validate": "date", **between, **_message(labels, "date", has_hint=True)}
    if column.kind == "money":
        between = {"criteria": "between", "minimum": 0, "maximum": float(MONEY_LIMIT)}
        return {"validate": "decimal", **between, **_message(labels, "money", has_hint=True)}
    return None


def _locked(labels: Mapping[str, str]) -> dict[str, object]:
    return {
        "validate": "custom",
        "value": "=FALSE",
        "ignore_blank": False,
        **_message(labels, "locked"),
    }


def _message(labels: Mapping[str, str], name: str, has_hint: bool = False) -> dict[str, object]:
    title, text = labels["check.title"], labels[f"check.{name}"]
    hint = {"input_title": title, "input_message": text} if has_hint else {}
    return {"error_title": title, "error_message": text, **hint}
