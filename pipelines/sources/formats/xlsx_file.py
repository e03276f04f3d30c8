"""Read a delivered workbook: every cell as text, with a mark where its type betrays damage."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa

from pipelines.core.contract import Table
from pipelines.sources.delivery import DAMAGED_ID, EXCEL_SERIAL, FileRefused, Limits
from pipelines.sources.formats import calamine_child
from pipelines.sources.formats.archive import open_archive
from pipelines.sources.formats.sheet_xml import SheetScan, Workbook, read_workbook, scan_sheet
from pipelines.sources.header import (
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
from pipelines.sources.part import Part, batch_schema, text_schema
from pipelines.sources.rows import Cells, RowSifter, build_batch
from pipelines.sources.spool import spool_batches
from pipelines.sources.staging import Staged
from pipelines.sources.values import format_number, format_value

Cell = int | float | str | bool | date | datetime | time | timedelta
Row = tuple[int, list[Cell]]

_EXACT = 10**15  # from here on a spreadsheet has lost digits
_LAST_SERIAL = 2_958_465  # 9999-12-31; a larger number in a date column is a date typed as digits
_LAST_MONTH_SERIAL = 100_000
_SHIFT_1904 = 1462  # days between the two date systems


def open_xlsx(staged: Staged, table: Table, limits: Limits) -> Part:
    """Open a workbook; raise FileRefused if it cannot be trusted or lacks a required column."""
    archive = open_archive(staged.path, staged.name, limits)
    book = read_workbook(archive)
    sheet = _choose_sheet(book, table, staged.name)
    scan = scan_sheet(archive, book.sheets[sheet], limits)
    for member in archive.members:  # what calamine unpacks on its own must hold what it declares
        if member.endswith(("sharedStrings.xml", "styles.xml")):
            for _ in archive.inflate(member):
                pass
    rows = _read_sheet(staged, sheet, scan, limits)
    head = list(islice((row for row in rows if any(cell != "" for cell in row[1])), TITLE_ROWS + 1))
    headers, index = _find_header(head, table, staged.name, len(book.sheets))
    names = column_names(headers, table)
    check_names(names, table, staged.name, head[index][0])
    part = Part(staged.name, staged.sha256, staged.size, text_schema(names), lambda: iter(()))
    part.notes = _notes(book, sheet, scan, index)
    folded = folded_names([format_value(cell) for cell in head[index][1]])
    part.notes += [f"header names folded: {folded}"] * bool(folded)
    convert = [_converter(table, name, book.is_1904) for name in names]
    sifter = RowSifter(headers)
    batches = sifter.sift(_batches(chain(head[index + 1 :], rows), names, convert, limits.batch_rows))
    part.read = spool_batches(batches, batch_schema(part.schema), Path(f"{staged.path}.spool"))
    part.notes += sifter.notes()
    return part


def read_sheets(staged: Staged, limits: Limits, rows: int) -> dict[str, list[list[str | None]]]:
    """Return the first rows of every sheet as text, blank ones left out; raise FileRefused if it cannot be trusted."""
    archive = open_archive(staged.path, staged.name, limits)
    book = read_workbook(archive)
    found: dict[str, list[list[str | None]]] = {}
    for sheet, member in book.sheets.items():
        scan = scan_sheet(archive, member, limits)
        cells = (cells for _, cells in _read_sheet(staged, sheet, scan, limits))
        filled = (row for row in cells if any(cell != "" for cell in row))
        found[sheet] = [[format_value(cell) for cell in row] for row in islice(filled, rows)]
    return found


def _choose_sheet(book: Workbook, table: Table, file: str) -> str:
    """Take the sheet with the table's name, else the first."""
    if not book.sheets:
        raise FileRefused("xlsx_damaged", file=file, detail="no worksheet")
    return next((name for name in book.sheets if fold_name(name) == table.sheet_name), next(iter(book.sheets)))


def _notes(book: Workbook, sheet: str, scan: SheetScan, titles: int) -> list[str]:
    notes = [f"sheet read: {sheet}"] * (len(book.sheets) > 1) + sorted(scan.notes)
    notes += ["dates counted from 1904"] * book.is_1904
    return notes + [f"title rows skipped: {titles}"] * bool(titles)


def _find_header(head: list[Row], table: Table, file: str, sheets: int) -> tuple[tuple[str, ...], int]:
    texts = [[format_value(cell) for cell in cells] for _, cells in head]
    index = find_header_row(texts, table)
    if index is not None:
        headers = read_header(texts[index])
        if sheets == 1 or set(required_names(table)) <= set(column_names(headers, table)):
            return headers, index
    if sheets > 1:
        raise FileRefused("wrong_sheet", file=file, sheet=table.sheet_name, sheets=sheets)
    if not head:
        raise FileRefused("empty_file", file=file)
    raise FileRefused("no_header", file=file, columns=required_headers(table))


def _read_sheet(staged: Staged, sheet: str, scan: SheetScan, limits: Limits) -> Iterator[Row]:
    """Yield spreadsheet row numbers and cells; raise FileRefused when calamine cannot read the sheet."""
    command = [sys.executable, "-P", calamine_child.__file__, str(staged.path), sheet, str(limits.xlsx_memory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        try:
            offset = pickle.load(child.stdout)
            special = _by_row(scan, offset)
            done = 0
            while (batch := pickle.load(child.stdout)) is not None:
                for row, cells in enumerate(batch, done):
                    yield row + 1, _with_special(cells, special.get(row, ()))
                done += len(batch)
        except (EOFError, pickle.UnpicklingError) as error:
            raise FileRefused("xlsx_damaged", file=staged.name, detail=sheet) from error
        finally:
            child.kill()


def _with_special(cells: list[Cell], special: Sequence[tuple[int, str]]) -> list[Cell]:
    for column, text in special:
        cells += [""] * (column + 1 - len(cells))
        cells[column] = text
    return cells


def _by_row(scan: SheetScan, offset: int) -> dict[int, list[tuple[int, str]]]:
    rows: dict[int, list[tuple[int, str]]] = {}
    for (row, column), text in scan.cells.items():
        if column >= offset:
            rows.setdefault(row, []).append((column - offset, text))
    return rows


def _batches(
    rows: Iterable[Row], names: tuple[str, ...], convert: list[Callable[[Cell], str | None]], size: int
) -> Iterator[pa.RecordBatch]:
    schema = batch_schema(text_schema(names))
    stream = iter(rows)
    while chunk := list(islice(stream, size)):
        texts: list[Cells] = [_convert_row(cells, convert) for _, cells in chunk]
        yield build_batch(schema, texts, [line for line, _ in chunk])


def _convert_row(cells: list[Cell], convert: list[Callable[[Cell], str | None]]) -> Cells:
    row = [change(cell) for change, cell in zip(convert, cells, strict=False)]
    return [*row, *(format_value(cell) for cell in cells[len(convert) :])]


def _converter(table: Table, name: str, is_1904: bool) -> Callable[[Cell], str | None]:
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
