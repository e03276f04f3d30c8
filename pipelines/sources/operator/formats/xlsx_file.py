"""Read a delivered workbook: every cell as text, with a mark where its type betrays damage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
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
from pipelines.sources.operator.delivery import (
    DAMAGED_ID,
    EXCEL_SERIAL,
    FileRefused,
    Limits,
)
from pipelines.sources.operator.formats.archive import Archive, open_archive
from pipelines.sources.operator.formats.cell_values import Cell, CellReader
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
Texts = list[str | None]

_EXACT = 10**15  # from here on a spreadsheet has lost digits
_LAST_SERIAL = (
    2_958_465  # 9999-12-31; a larger number in a date column is a date typed as digits
)
_LAST_MONTH_SERIAL = 100_000
_SHIFT_1904 = 1462  # days between the two date systems


def open_xlsx(staged: Staged, table: Table, limits: Limits) -> Part:
    """Open a workbook; raise FileRefused if it cannot be trusted or lacks a required column."""
    archive = open_archive(staged.path, staged.name, limits)
    book = read_workbook(archive)
    sheet = _choose_sheet(book, table, staged.name)
    cell_reader = _open_cells(archive, book, limits)
    reader = SheetReader(archive, sheet.member, cell_reader, limits)
    rows = reader.read_rows()

    head = list(islice(rows, TITLE_ROWS + 1))
    first_column = _find_first_column(head)
    titles = [_lay_out_texts(row, first_column) for row in head]
    headers, index = _find_header(titles, table, staged.name, len(book.sheets))
    header_line = head[index].number
    names = column_names(headers, table)
    check_names(names, table, staged.name, header_line, limits.columns)

    converters = [_choose_converter(table, name, book.is_1904) for name in names]
    form = _SheetForm(names, first_column, converters)
    sifter = RowSifter(headers)
    body = chain(head[index + 1 :], rows)
    counted = _count_blank(body, header_line, sifter)
    batches = _make_batches(counted, form, limits, staged.name)
    sifted = sifter.sift_batches(batches)

    schema = text_schema(names)
    spool = Path(f"{staged.path}.spool")
    read = spool_batches(sifted, batch_schema(schema), spool)
    part = Part(staged.name, staged.sha256, staged.size, schema, read)
    part.notes = _list_notes(book, sheet, reader)
    part.note_count("title rows skipped", index)
    part.note_count("header names folded", folded_names(titles[index]))
    part.notes += sifter.list_notes()
    return part


def read_sheets(staged: Staged, limits: Limits, rows: int) -> dict[str, list[Texts]]:
    """Return the first rows of every sheet as text, blank ones left out.

    Raise FileRefused if the workbook cannot be trusted.
    """
    archive = open_archive(staged.path, staged.name, limits)
    book = read_workbook(archive)
    cell_reader = _open_cells(archive, book, limits)
    found: dict[str, list[Texts]] = {}
    for sheet in book.sheets:
        reader = SheetReader(archive, sheet.member, cell_reader, limits)
        head = list(islice(reader.read_rows(), rows))
        first_column = _find_first_column(head)
        found[sheet.name] = [_lay_out_texts(row, first_column) for row in head]
    return found


# -- the sheet -----------------------------------------------------------------------------------


def _open_cells(archive: Archive, book: Workbook, limits: Limits) -> CellReader:
    """Return a reader of cells, with the texts and formats of the book that they refer to."""
    strings = read_strings(archive, book.strings, limits)
    forms = read_number_forms(archive, book.styles)
    return CellReader(strings, forms, book.is_1904)


def _choose_sheet(book: Workbook, table: Table, file: str) -> Sheet:
    """Take the sheet with the table's name, else the first.

    Names are compared folded; a visible sheet goes before a hidden one, as `book` has them.
    """
    if not book.sheets:
        raise FileRefused("xlsx_damaged", file=file, detail="no worksheet")
    wanted = table.sheet_name
    for sheet in book.sheets:
        if sheet.name == wanted:
            return sheet

    alike = [sheet for sheet in book.sheets if fold_name(sheet.name) == wanted]
    if not alike:
        return book.sheets[0]
    visible = [sheet for sheet in alike if not sheet.is_hidden]
    if len(visible) > 1:
        raise FileRefused(
            "sheet_twice",
            file=file,
            sheet=wanted,
            sheets=len(visible),
        )
    return alike[0]


def _list_notes(book: Workbook, sheet: Sheet, reader: SheetReader) -> list[str]:
    """Say what is odd about a workbook and its sheet, once the sheet has been read."""
    notes: list[str] = []
    if len(book.sheets) > 1:
        notes.append(f"sheet read: {show_name(sheet.name)}")
    if sheet.is_hidden:
        notes.append("hidden sheet read")
    notes += sorted(reader.notes)
    if book.has_macros:
        notes.append("macros ignored")
    if book.is_1904:
        notes.append("dates counted from 1904")
    return notes


def _find_header(
    titles: Sequence[Texts],
    table: Table,
    file: str,
    sheets: int,
) -> tuple[tuple[str, ...], int]:
    """Return the folded headers and which of the first rows they are.

    In a workbook of several sheets the header must name every required column: a sheet that only
    resembles the table is none.
    """
    index = find_header_row(titles, table)
    if index is not None:
        headers = read_header(titles[index])
        found = set(column_names(headers, table))
        if sheets == 1 or found.issuperset(required_names(table)):
            return headers, index

    if sheets > 1:
        raise FileRefused(
            "wrong_sheet",
            file=file,
            sheet=table.sheet_name,
            sheets=sheets,
        )
    if not titles:
        raise FileRefused("empty_file", file=file)
    raise FileRefused("no_header", file=file, columns=required_headers(table))


def _find_first_column(head: Sequence[SheetRow]) -> int:
    """Return the first column that any of the first rows uses."""
    first_used = [row.cells[0][0] for row in head]
    return min(first_used, default=0)


def _lay_out_texts(row: SheetRow, first_column: int) -> Texts:
    """Return a row's texts side by side, from the sheet's first used column to the row's last."""
    last_column = row.cells[-1][0]
    texts: Texts = [None] * (last_column - first_column + 1)
    for column, value in row.cells:
        texts[column - first_column] = format_value(value)
    return texts


# -- the rows ------------------------------------------------------------------------------------


def _count_blank(
    rows: Iterator[SheetRow], last: int, sifter: RowSifter
) -> Iterator[SheetRow]:
    """Pass rows on, and count those between them that the sheet leaves out as blank."""
    for row in rows:
        sifter.blank_rows += row.number - last - 1
        last = row.number
        yield row


@dataclass(frozen=True)
class _SheetForm:
    """Where the table stands on its sheet, and how each column's cells become text."""

    names: tuple[str, ...]
    first_column: int
    converters: Sequence[Convert]

    def square_row(self, row: SheetRow) -> Cells:
        """Return the row's texts as wide as the header.

        What stands beside the table makes it wider.
        """
        converters = self.converters
        first_column = self.first_column
        width = len(converters)
        texts: Texts = [None] * width
        beside: Texts = []
        for column, value in row.cells:
            index = column - first_column
            if 0 <= index < width:
                texts[index] = converters[index](value)
            else:
                beside.append(format_value(value))
        return texts + beside


def _make_batches(
    rows: Iterator[SheetRow],
    form: _SheetForm,
    limits: Limits,
    file: str,
) -> Iterator[pa.RecordBatch]:
    """Yield the rows in batches bounded by the limits."""
    schema = batch_schema(text_schema(form.names))
    budget = WorkBudget(file, limits)
    while chunk := list(islice(rows, limits.batch_rows)):
        budget.count_rows(len(chunk))
        cells = [form.square_row(row) for row in chunk]
        lines = [row.number for row in chunk]
        yield build_batch(schema, cells, lines)


# -- the cells -----------------------------------------------------------------------------------


def _choose_converter(table: Table, name: str, is_1904: bool) -> Convert:
    """Return how the cells of a column become text; a column nobody knows is text."""
    column = table.column(name)
    kind = column.kind if column else "text"
    if kind == "id":
        return _write_id
    if kind in ("date", "timestamp", "month"):
        last_serial = _LAST_MONTH_SERIAL if kind == "month" else _LAST_SERIAL
        shift = _SHIFT_1904 if is_1904 else 0
        return partial(_write_date, last_serial=last_serial, shift=shift)
    return format_value


def _write_id(cell: Cell) -> str | None:
    """Pass text on; a number is only safe below 10^15, any other type means the id was changed."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return f"{DAMAGED_ID}{format_value(cell)}"
    is_exact = abs(cell) < _EXACT
    if is_exact and cell == int(cell):
        return str(int(cell))
    return f"{DAMAGED_ID}{cell!r}"


def _write_date(cell: Cell, last_serial: int, shift: int) -> str | None:
    """Pass on dates as ISO text and a plain number as a marked serial of the 1900 system."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return format_value(cell)
    if cell > last_serial:
        return format_number(cell)
    return f"{EXCEL_SERIAL}{format_number(cell + shift)}"
