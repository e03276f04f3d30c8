"""The rows of one worksheet, as they stand in its XML.

Values by column, and what is odd about them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pipelines.sources.operator.delivery import FileRefused, Limits
from pipelines.sources.operator.formats.archive import Archive
from pipelines.sources.operator.formats.cell_values import (
    Cell,
    CellReader,
    NoSuchString,
    OpenCell,
    read_whole,
    unescape_text,
)
from pipelines.sources.operator.formats.workbook_parts import is_true, name_elements
from pipelines.sources.operator.formats.xml_stream import parse_xml

_LAST_ROW = 1_048_576
_LAST_COLUMN = 16_384
_BEFORE_FIRST = -1  # no column
_DIGITS = "0123456789"
_HIDDEN_ROWS = "hidden rows read"
_HIDDEN_COLUMNS = "hidden columns read"
_MERGED = "merged cells: only the first holds the value"
_FILTERED = "filtered rows read"

Take = TypeVar("Take", bound=Callable[..., None])


@dataclass(frozen=True)
class SheetRow:
    """A row that holds something: its number from 1, its cells as (column from 0, value)."""

    number: int
    cells: Sequence[tuple[int, Cell]]


class SheetReader:
    """Reads a worksheet once, row by row; `notes` are complete when it has been read."""

    def __init__(
        self,
        archive: Archive,
        member: str,
        cell_reader: CellReader,
        limits: Limits,
    ) -> None:
        self.notes: set[str] = set()
        self._archive = archive
        self._member = member
        self._cell_reader = cell_reader
        self._limits = limits
        self._columns: dict[str, int] = {}  # by their letters

        # Where the parser stands.
        self._is_data = False
        self._is_pronunciation = False
        self._row = 0
        self._row_digits = "0"
        self._column = _BEFORE_FIRST
        self._cells: list[tuple[int, Cell]] | None = None
        self._cell: OpenCell | None = None
        self._text: list[str] | None = None
        self._text_size = 0
        self._cell_count = 0
        self._done: list[SheetRow] = []

        self._starts = _by_full_name(
            {
                "c": self._open_cell,
                "v": self._open_value,
                "row": self._open_row,
                "f": self._open_formula,
                "t": self._open_inline,
                "rPh": self._open_pronunciation,
                "sheetData": self._open_data,
                "col": self._note_column,
                "mergeCell": self._note_merged,
                "filterColumn": self._note_filter,
            }
        )
        self._ends = _by_full_name(
            {
                "c": self._close_cell,
                "v": self._close_text,
                "f": self._close_text,
                "t": self._close_inline,
                "row": self._close_row,
                "rPh": self._close_pronunciation,
                "sheetData": self._close_data,
            }
        )

    def read_rows(self) -> Iterator[SheetRow]:
        """Yield the rows that hold something.

        Raise FileRefused for a sheet that contradicts itself.
        """
        blocks = self._archive.inflate_member(self._member)
        for _ in parse_xml(blocks, self, self._archive.name, self._member):
            done = self._done
            self._done = []
            yield from done

    # -- elements --

    def start_element(self, name: str, attributes: dict[str, str]) -> None:
        """Take the start of an element."""
        take_start = self._starts.get(name)
        if take_start is not None:
            take_start(attributes)

    def end_element(self, name: str) -> None:
        """Take the end of an element."""
        take_end = self._ends.get(name)
        if take_end is not None:
            take_end()

    def take_text(self, data: str) -> None:
        """Take a piece of a cell's text."""
        if self._text is None:
            return
        self._text.append(data)
        self._text_size += len(data)
        if self._text_size > self._limits.field_chars:
            raise FileRefused(
                "field_too_long",
                file=self._archive.name,
                line=self._row,
                limit=f"{self._limits.field_chars:,}",
            )

    # -- the sheet --

    def _open_data(self, attributes: dict[str, str]) -> None:
        self._is_data = True

    def _close_data(self) -> None:
        self._is_data = False

    def _note_column(self, attributes: dict[str, str]) -> None:
        if is_true(attributes.get("hidden")):
            self.notes.add(_HIDDEN_COLUMNS)

    def _note_merged(self, attributes: dict[str, str]) -> None:
        self.notes.add(_MERGED)

    def _note_filter(self, attributes: dict[str, str]) -> None:
        self.notes.add(_FILTERED)

    # -- rows --

    def _open_row(self, attributes: dict[str, str]) -> None:
        """Begin a row; refuse one that does not stand below the last."""
        if not self._is_data:
            return
        number = attributes.get("r")
        row = self._row + 1 if number is None else read_whole(number)
        if row is None or not self._row < row <= _LAST_ROW:
            raise self._refuse_sheet(f"row {number or row} after row {self._row}")

        self._row = row
        self._row_digits = str(row)
        self._column = _BEFORE_FIRST
        self._cells = []
        if is_true(attributes.get("hidden")):
            self.notes.add(_HIDDEN_ROWS)

    def _close_row(self) -> None:
        """Keep the row if it holds something."""
        cells = self._cells
        self._cells = None
        if cells:
            self._done.append(SheetRow(self._row, cells))

    # -- cells --

    def _open_cell(self, attributes: dict[str, str]) -> None:
        """Begin a cell; refuse one that does not stand behind the last, or in another row."""
        if self._cells is None:
            return
        reference = attributes.get("r")
        column = self._column + 1 if reference is None else self._find_column(reference)
        if not self._column < column < _LAST_COLUMN:
            raise self._refuse_sheet(
                f"cell {(reference or '')[:20]} in row {self._row}"
            )

        self._column = column
        self._text_size = 0
        style = attributes.get("s")
        style_index = None if style is None else read_whole(style)
        self._cell = OpenCell(column, attributes.get("t", "n"), style_index)

    def _find_column(self, reference: str) -> int:
        """Return the column a cell claims; below every column when it claims another row."""
        letters = reference.rstrip(_DIGITS)
        if reference[len(letters) :] != self._row_digits:
            return _BEFORE_FIRST
        column = self._columns.get(letters)
        if column is None:
            column = _column_index(letters)
            self._columns[letters] = column
        return column

    def _close_cell(self) -> None:
        """Keep the value of the cell if it has one; refuse a sheet with too many of them."""
        cell = self._cell
        self._cell = None
        self._text = None
        if cell is None or self._cells is None:
            return
        value = self._read_cell(cell)
        if value is None or value == "":
            return

        self._cells.append((cell.column, value))
        self._cell_count += 1
        if self._cell_count > self._limits.xlsx_cells:
            limit = f"{self._limits.xlsx_cells:,}"
            raise FileRefused("sheet_too_large", file=self._archive.name, limit=limit)

    def _read_cell(self, cell: OpenCell) -> Cell | None:
        """Return the value of a cell; refuse a sheet that refers to a text that is not there."""
        try:
            return self._cell_reader.read_cell(cell)
        except NoSuchString:
            text = "".join(cell.value)
            raise self._refuse_sheet(f"row {self._row}: string {text[:20]}") from None

    # -- what stands in a cell --

    def _open_value(self, attributes: dict[str, str]) -> None:
        if self._cell is not None:
            self._text = self._cell.value

    def _open_formula(self, attributes: dict[str, str]) -> None:
        if self._cell is not None:
            self._text = []
            self._cell.formula = self._text

    def _open_inline(self, attributes: dict[str, str]) -> None:
        if self._cell is not None and not self._is_pronunciation:
            self._text = []

    def _close_inline(self) -> None:
        """Keep a piece of a text that stands in the cell itself."""
        if self._cell is not None and self._text is not None:
            piece = "".join(self._text)
            self._cell.inline.append(unescape_text(piece))
        self._text = None

    def _close_text(self) -> None:
        self._text = None

    def _open_pronunciation(self, attributes: dict[str, str]) -> None:
        self._is_pronunciation = True

    def _close_pronunciation(self) -> None:
        self._is_pronunciation = False

    def _refuse_sheet(self, detail: str) -> FileRefused:
        return FileRefused("xlsx_damaged", file=self._archive.name, detail=detail)


def _by_full_name(takers: Mapping[str, Take]) -> dict[str, Take]:
    """Return what takes an element by its full names, of what takes it by its local name."""
    full_names = name_elements(*takers)
    return {full_name: takers[name] for full_name, name in full_names.items()}


def _column_index(letters: str) -> int:
    """Return a column's index from 0; -1 for what is no column's name."""
    if not letters.isascii() or not letters.isalpha() or len(letters) > 3:
        return _BEFORE_FIRST
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
