"""The rows of one worksheet, as they stand in its XML: values by column, and what is odd about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipelines.sources.operator.delivery import NO_CACHED_VALUE, FileRefused, Limits
from pipelines.sources.operator.formats.archive import Archive
from pipelines.sources.operator.formats.cell_values import (
    Cell,
    NumberForm,
    read_number,
    read_serial,
    unescape_text,
)
from pipelines.sources.operator.formats.workbook_parts import is_true, name_elements
from pipelines.sources.operator.formats.xml_stream import parse_xml

_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_DIGITS = "0123456789"
_NAMES = name_elements(
    "sheetData", "row", "c", "v", "f", "is", "t", "rPh", "col", "mergeCell", "filterColumn"
)
_HIDDEN_ROWS, _HIDDEN_COLUMNS = "hidden rows read", "hidden columns read"
_SAID = {
    "mergeCell": "merged cells: only the first holds the value",
    "filterColumn": "filtered rows read",
}


@dataclass(frozen=True)
class SheetRow:
    """A row that holds something: its number from 1, its cells as (column from 0, value) in order."""

    number: int
    cells: Sequence[tuple[int, Cell]]


@dataclass
class _OpenCell:
    """A cell while it is read."""

    column: int
    kind: str
    style: int | None
    value: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    formula: list[str] | None = None


class SheetReader:
    """Reads a worksheet once, row by row; `notes` are complete when it has been read to its end."""

    def __init__(
        self,
        archive: Archive,
        member: str,
        strings: Sequence[str],
        forms: Sequence[NumberForm],
        is_1904: bool,
        limits: Limits,
    ) -> None:
        self.notes: set[str] = set()
        self._archive, self._member, self._limits = archive, member, limits
        self._strings, self._forms, self._is_1904 = strings, forms, is_1904
        self._columns: dict[str, int] = {}
        self._row, self._digits, self._column = 0, "0", -1
        self._is_data = self._is_said = False
        self._cells: list[tuple[int, Cell]] | None = None
        self._cell: _OpenCell | None = None
        self._text: list[str] | None = None
        self._size = self._count = 0
        self._done: list[SheetRow] = []

    def rows(self) -> Iterator[SheetRow]:
        """Yield the rows that hold something; raise FileRefused for a sheet that contradicts itself."""
        blocks = self._archive.inflate(self._member)
        for _ in parse_xml(blocks, self, self._archive.name, self._member):
            done, self._done = self._done, []
            yield from done

    # -- elements --

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        local = _NAMES.get(name)
        if local == "c":
            self._open_cell(attributes)
        elif local == "v" and self._cell is not None:
            self._text = self._cell.value
        elif local == "row" and self._is_data:
            self._open_row(attributes)
        elif local == "f" and self._cell is not None:
            self._cell.formula = self._text = []
        elif local == "t" and self._cell is not None and not self._is_said:
            self._text = []
        elif local == "rPh":
            self._is_said = True
        elif local == "sheetData":
            self._is_data = True
        elif local == "col" and is_true(attributes.get("hidden")):
            self.notes.add(_HIDDEN_COLUMNS)
        elif local in _SAID:
            self.notes.add(_SAID[local])

    def end(self, name: str) -> None:
        """Take the end of an element."""
        local = _NAMES.get(name)
        if local is None:
            return
        if local == "t" and self._cell is not None and self._text is not None:
            self._cell.inline.append(unescape_text("".join(self._text)))
        if local in ("v", "f", "t"):
            self._text = None
        elif local == "c":
            self._close_cell()
        elif local == "row":
            self._close_row()
        elif local == "rPh":
            self._is_said = False
        elif local == "sheetData":
            self._is_data = False

    def text(self, data: str) -> None:
        """Take a piece of a cell's text."""
        if self._text is None:
            return
        self._text.append(data)
        self._size += len(data)
        if self._size > self._limits.field_chars:
            limit = f"{self._limits.field_chars:,}"
            raise FileRefused(
                "field_too_long", file=self._archive.name, line=self._row, limit=limit
            )

    # -- rows and cells --

    def _open_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r")
        row = self._row + 1 if number is None else _whole(number)
        if not self._row < row <= _LAST_ROW:
            raise self._damaged(f"row {number or row} after row {self._row}")
        self._row, self._digits, self._column = row, str(row), -1
        self._cells = []
        if is_true(attributes.get("hidden")):
            self.notes.add(_HIDDEN_ROWS)

    def _open_cell(self, attributes: dict[str, str]) -> None:
        if self._cells is None:
            return
        reference = attributes.get("r")
        column = self._column + 1 if reference is None else self._place(reference)
        if not self._column < column < _LAST_COLUMN:
            raise self._damaged(f"cell {(reference or '')[:20]} in row {self._row}")
        self._column, self._size = column, 0
        style = attributes.get("s")
        self._cell = _OpenCell(
            column, attributes.get("t", "n"), None if style is None else _whole(style)
        )

    def _place(self, reference: str) -> int:
        """Return the column a cell claims; below every column when it claims another row."""
        letters = reference.rstrip(_DIGITS)
        if reference[len(letters) :] != self._digits:
            return -1
        column = self._columns.get(letters)
        if column is None:
            column = self._columns[letters] = _column_index(letters)
        return column

    def _close_cell(self) -> None:
        cell, self._cell, self._text = self._cell, None, None
        if cell is None or self._cells is None:
            return
        value = self._value(cell)
        if value is None or value == "":
            return
        self._cells.append((cell.column, value))
        self._count += 1
        if self._count > self._limits.xlsx_cells:
            raise FileRefused(
                "sheet_too_large", file=self._archive.name, limit=f"{self._limits.xlsx_cells:,}"
            )

    def _close_row(self) -> None:
        cells, self._cells = self._cells, None
        if cells:
            self._done.append(SheetRow(self._row, cells))

    # -- values --

    def _value(self, cell: _OpenCell) -> Cell | None:
        """Return what a cell holds; one that holds nothing to be read is marked, with what stands in it."""
        text = "".join(cell.value)
        is_error = cell.kind == "e" and bool(text)
        if cell.formula is not None and (is_error or not (text or cell.inline)):
            return f"{NO_CACHED_VALUE}={''.join(cell.formula)}"
        if is_error:
            return NO_CACHED_VALUE + text
        if cell.kind == "inlineStr":
            return "".join(cell.inline) or unescape_text(text)
        if not text:
            return None
        return self._typed(cell, text)

    def _typed(self, cell: _OpenCell, text: str) -> Cell:
        if cell.kind == "s":
            return self._shared(text)
        if cell.kind == "str":
            return unescape_text(text)
        found: Cell | None = None
        if cell.kind == "n":
            found = self._number(cell, text)
        elif cell.kind == "b":
            found = {"1": True, "0": False, "true": True, "false": False}.get(text.strip())
        elif cell.kind == "d":
            found = _iso_day(text.strip())
        return NO_CACHED_VALUE + text if found is None else found

    def _shared(self, text: str) -> str:
        place = _whole(text.strip())
        if not 0 <= place < len(self._strings):
            raise self._damaged(f"row {self._row}: string {text[:20]}")
        return self._strings[place]

    def _number(self, cell: _OpenCell, text: str) -> Cell | None:
        number = read_number(text)
        if number is None or cell.style is None or not 0 <= cell.style < len(self._forms):
            return number
        form = self._forms[cell.style]
        return number if form is NumberForm.PLAIN else read_serial(number, form, self._is_1904)

    def _damaged(self, detail: str) -> FileRefused:
        return FileRefused("xlsx_damaged", file=self._archive.name, detail=detail)


def _whole(text: str) -> int:
    """Return a whole number without a sign; -1 for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


def _column_index(letters: str) -> int:
    """Return a column's index from 0; -1 for what is no column's name."""
    if not (letters.isascii() and letters.isalpha() and len(letters) <= 3):
        return -1
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


def _iso_day(text: str) -> Cell | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    is_day = moment.tzinfo is None and moment.time() == moment.min.time()
    return moment.date() if is_day else moment
