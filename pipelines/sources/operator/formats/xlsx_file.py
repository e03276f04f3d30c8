"""Read a delivered workbook: every cell as text, with a mark where its type betrays damage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa

from pipelines.core.contract import Table
from pipelines.core.names import show_name
from pipelines.sources.operator.batches.part import Part, batch_schema, text_schema
from pipelines.sources.operator.batches.rows import Cells, RowSifter, build_batch
from pipelines.sources.operator.batches.spool import spool_batches
from pipelines.sources.operator.batches.values import format_number, format_value
from pipelines.sources.operator.batches.work import WorkBudget
from pipelines.sources.operator.delivery import DAMAGED_ID, EXCEL_SERIAL, FileRefused, Limits
from pipelines.sources.operator.formats.archive import Archive, open_archive
from pipelines.sources.operator.formats.cell_values import Cell
from pipelines.sources.operator.formats.sheet_rows import SheetReader, SheetRow
from pipelines.sources.operator.formats.workbook_parts import (
    Sheet,
    Workbook,
    read_number_forms,
    read_strings,
    read_workbook,
)
from pipelines.sources.operator.header import (
    TITLE_ROWS,
    check_names,
    column_names,
    find_header_row,
    fold_name,
    folded_names,
    read_header,
    required_headers,
    required_names,
)
from pipelines.sources.operator.staging import Staged

Convert = Callable[[Cell], str | None]

_EXACT = 10**15  # from here on a spreadsheet has lost digits
_LAST_SERIAL = 2_958_465  # 9999-12-31; a larger number in a date column is a date typed as digits
_LAST_MONTH_SERIAL = 100_000
_SHIFT_1904 = 1462  # days between the two date systems


def open_xlsx(staged: Staged, table: Table, limits: Limits) -> Part:
    """Open a workbook; raise FileRefused if it cannot be trusted or lacks a required column."""
    archive = open_archive(staged.path, staged.name, limits)
    book = read_workbook(archive)
    sheet = _choose_sheet(book, table, staged.name)
    reader = _open_sheet(archive, book, sheet, limits)
    rows = reader.rows()
    head = list(islice(rows, TITLE_ROWS + 1))
    first = min((row.cells[0][0] for row in head), default=0)
    titles = [_lay_out(row, first) for row in head]
    headers, index = _find_header(titles, table, staged.name, len(book.sheets))
    names = column_names(headers, table)
    check_names(names, table, staged.name, head[index].number, limits.columns)
    part = Part(staged.name, staged.sha256, staged.size, text_schema(names), lambda: iter(()))
    sifter = RowSifter(headers)
    form = _SheetForm(names, first, [_converter(table, name, book.is_1904) for name in names])
    body = _count_blank(chain(head[index + 1 :], rows), head[index].number, sifter)
    batches = sifter.sift(_batches(body, form, limits, staged.name))
    part.read = spool_batches(batches, batch_schema(part.schema), Path(f"{staged.path}.spool"))
    part.notes = _notes(book, sheet, reader, index)
    folded = folded_names(titles[index])
    part.notes += [f"header names folded: {folded}"] * bool(folded) + sifter.notes()
    return part


def read_sheets(staged: Staged, limits: Limits, rows: int) -> dict[str, list[list[str | None]]]:
    """Return the first rows of every sheet as text, blank ones left out; raise FileRefused if it cannot be trusted."""
    archive = open_archive(staged.path, staged.name, limits)
    book = read_workbook(archive)
    found: dict[str, list[list[str | None]]] = {}
    for sheet in book.sheets:
        head = list(islice(_open_sheet(archive, book, sheet, limits).rows(), rows))
        first = min((row.cells[0][0] for row in head), default=0)
        found[sheet.name] = [_lay_out(row, first) for row in head]
    return found


def _open_sheet(archive: Archive, book: Workbook, sheet: Sheet, limits: Limits) -> SheetReader:
    strings = read_strings(archive, book.strings, limits)
    forms = read_number_forms(archive, book.styles)
    return SheetReader(archive, sheet.member, strings, forms, book.is_1904, limits)


def _choose_sheet(book: Workbook, table: Table, file: str) -> Sheet:
    """Take the sheet with the table's name, else the first."""
    if not book.sheets:
        raise FileRefused("xlsx_damaged", file=file, detail="no worksheet")
    exact = [sheet for sheet in book.sheets if sheet.name == table.sheet_name]
    like = [sheet for sheet in book.sheets if fold_name(sheet.name) == table.sheet_name]
    shown = [sheet for sheet in like if not sheet.is_hidden]
    if len(shown) > 1 and not exact:
        raise FileRefused("sheet_twice", file=file, sheet=table.sheet_name, sheets=len(shown))
    return (exact or shown or like or list(book.sheets))[0]


def _notes(book: Workbook, sheet: Sheet, reader: SheetReader, titles: int) -> list[str]:
    notes = [f"sheet read: {show_name(sheet.name)}"] * (len(book.sheets) > 1)
    notes += ["hidden sheet read"] * sheet.is_hidden + sorted(reader.notes)
    notes += ["macros ignored"] * book.has_macros + ["dates counted from 1904"] * book.is_1904
    return notes + [f"title rows skipped: {titles}"] * bool(titles)


def _find_header(
    titles: Sequence[Sequence[str | None]], table: Table, file: str, sheets: int
) -> tuple[tuple[str, ...], int]:
    index = find_header_row(titles, table)
    if index is not None:
        headers = read_header(titles[index])
        if sheets == 1 or set(required_names(table)) <= set(column_names(headers, table)):
            return headers, index
    if sheets > 1:
        raise FileRefused("wrong_sheet", file=file, sheet=table.sheet_name, sheets=sheets)
    if not titles:
        raise FileRefused("empty_file", file=file)
    raise FileRefused("no_header", file=file, columns=required_headers(table))


def _lay_out(row: SheetRow, first: int) -> list[str | None]:
    """Return a row's texts side by side, from the sheet's first used column to the row's last."""
    texts: list[str | None] = [None] * (row.cells[-1][0] - first + 1)
    for column, value in row.cells:
        texts[column - first] = format_value(value)
    return texts


def _count_blank(rows: Iterator[SheetRow], last: int, sifter: RowSifter) -> Iterator[SheetRow]:
    for row in rows:
        sifter.blank_rows += row.number - last - 1
        last = row.number
        yield row


class _SheetForm:
    """Where the table stands on its sheet, and how each column's cells become text."""

    def __init__(self, names: tuple[str, ...], first: int, convert: list[Convert]) -> None:
        self.names, self.first, self.convert = names, first, convert

    def square(self, row: SheetRow) -> Cells:
        """Return the row's texts as wide as the header; what stands beside the table makes it wider."""
        width = len(self.convert)
        texts: list[str | None] = [None] * width
        beside: list[str | None] = []
        for column, value in row.cells:
            place = column - self.first
            if 0 <= place < width:
                texts[place] = self.convert[place](value)
            else:
                beside.append(format_value(value))
        return texts + beside


def _batches(
    rows: Iterator[SheetRow], form: _SheetForm, limits: Limits, file: str
) -> Iterator[pa.RecordBatch]:
    schema = batch_schema(text_schema(form.names))
    budget = WorkBudget(file, limits)
    while chunk := list(islice(rows, limits.batch_rows)):
        budget.spend(len(chunk))
        yield build_batch(
            schema, [form.square(row) for row in chunk], [row.number for row in chunk]
        )


def _converter(table: Table, name: str, is_1904: bool) -> Convert:
    column = table.column(name)
    kind = column.kind if column else "text"
    if kind == "id":
        return _id_text
    if kind in ("date", "timestamp", "month"):
        last = _LAST_MONTH_SERIAL if kind == "month" else _LAST_SERIAL
        return lambda cell: _date_text(cell, last, _SHIFT_1904 if is_1904 else 0)
    return format_value


def _id_text(cell: Cell) -> str | None:
    """Pass text on; a number is only safe below 10^15, any other cell type means the id was changed."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return f"{DAMAGED_ID}{format_value(cell)}"
    is_whole = abs(cell) < _EXACT and cell == int(cell)
    return str(int(cell)) if is_whole else f"{DAMAGED_ID}{cell!r}"


def _date_text(cell: Cell, last_serial: int, shift: int) -> str | None:
    """Pass on dates as ISO text and a plain number as a marked serial of the 1900 system."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return format_value(cell)
    if cell > last_serial:
        return format_number(cell)
    return f"{EXCEL_SERIAL}{format_number(cell + shift)}"
