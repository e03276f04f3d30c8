"""Build batches from rows of text cells, and mark or drop the rows that cannot be data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.operator.batches.arrays import LINE_NUMBER, TEXT, make_text_array
from pipelines.sources.operator.batches.part import READING_COLUMNS
from pipelines.sources.operator.delivery import FAULT, RAGGED, TOTAL_ROW, TRUNCATED
from pipelines.sources.operator.header import INVISIBLE, fold_name, fold_names

Cells = Sequence[str | None]

_TOTALS = frozenset({"合计", "总计", "小计", "共计", "total", "subtotal", "grandtotal"})
_TOTAL_TAIL = re.compile(r"[:：]+$")
_BLANKS = f"[{INVISIBLE}]*"
_NAME_START = 64
_TO_FULL_WIDTH = 0xFEE0  # from the code of an ASCII character


def build_batch(
    schema: pa.Schema,
    rows: list[Cells],
    lines: list[int],
    cut: bool = False,
) -> pa.RecordBatch:
    """Turn rows into text columns; a row of another width is squared and marked.

    An empty cell is NULL. `cut` says that the file ended within the last row.
    """
    width = len(schema) - READING_COLUMNS
    last = len(rows) - 1
    faults: list[str | None] = [None] * len(rows)

    odd = [number for number, row in enumerate(rows) if len(row) != width]
    for number in odd:
        row = rows[number]
        is_cut = cut and number == last
        faults[number] = _find_width_fault(row, width, is_cut)
        rows[number] = _square_row(row, width)

    arrays = [_text_array(column) for column in zip(*rows, strict=True)]
    arrays.append(pa.array(lines, LINE_NUMBER))
    arrays.append(make_text_array(faults))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _square_row(row: Cells, width: int) -> Cells:
    """Return a row with as many cells as the table has columns."""
    kept = row[:width]
    missing = width - len(kept)
    return [*kept, *[None] * missing]


def _find_width_fault(row: Cells, width: int, is_cut: bool) -> str | None:
    """Return what a row of another width is marked with; None for one that is no fault."""
    if len(row) > width:
        has_more = any(row[width:])
        return RAGGED if has_more else None  # a trailing delimiter adds no cell
    if _is_blank(row):
        return None
    return TRUNCATED if is_cut else RAGGED


def _is_blank(row: Cells) -> bool:
    """Whether no cell of a row holds anything that can be seen."""
    return _first_filled(row) is None


def _first_filled(row: Cells) -> str | None:
    """Return the first cell that holds something; None in a blank row."""
    for cell in row:
        if cell and cell.strip():
            return cell
    return None


def _text_array(cells: Sequence[str | None]) -> pa.Array:
    """Return cells as text, an empty one as NULL."""
    array = make_text_array(cells)
    is_empty = pc.fill_null(pc.equal(array, ""), False)
    nothing = pa.scalar(None, TEXT)
    return pc.replace_with_mask(array, is_empty, nothing)


@dataclass
class RowSifter:
    """Drops blank rows and repeated headers, marks total rows; counts what it dropped."""

    names: tuple[str, ...]
    repeated_headers: int = 0
    blank_rows: int = 0

    def sift_batches(
        self, batches: Iterable[pa.RecordBatch]
    ) -> Iterator[pa.RecordBatch]:
        """Yield the batches that still hold rows."""
        pattern = self._odd_pattern()
        for batch in batches:
            is_odd = _find_odd(batch.column(0), pattern)
            if pc.any(is_odd).as_py():
                odd = pc.indices_nonzero(is_odd)
                batch = self._judge_rows(batch, odd)
            if batch.num_rows:
                yield batch

    def list_notes(self) -> list[str]:
        """Say what was dropped without being data."""
        notes: list[str] = []
        if self.repeated_headers:
            notes.append(f"repeated header rows dropped: {self.repeated_headers}")
        if self.blank_rows:
            notes.append(f"blank rows skipped: {self.blank_rows}")
        return notes

    def _odd_pattern(self) -> str:
        """Return what the first cell of a row looks like that is worth a look; few rows are."""
        words = [_loose_start(self.names[0])]
        words += [_loose_pattern(word) for word in sorted(_TOTALS)]
        either = "|".join(words)
        return f"^{_BLANKS}(?:(?:{either}){_BLANKS}[:：]*)?$"

    def _judge_rows(self, batch: pa.RecordBatch, odd: pa.Array) -> pa.RecordBatch:
        """Look at the odd rows one by one; return the batch without those that are dropped."""
        faults = batch.column(FAULT).to_pylist()
        keep = [True] * batch.num_rows
        rows = self._read_cells(batch.take(odd))
        for number, row in zip(odd.to_pylist(), rows, strict=True):
            if self._is_dropped(row, faults[number]):
                keep[number] = False
            elif _is_total(_first_filled(row) or ""):
                faults[number] = TOTAL_ROW

        fault_index = batch.schema.get_field_index(FAULT)
        judged = batch.set_column(fault_index, FAULT, make_text_array(faults))
        if all(keep):
            return judged
        return judged.filter(pa.array(keep))

    def _read_cells(self, batch: pa.RecordBatch) -> Iterator[Cells]:
        """Yield the cells of each row of a batch."""
        columns: list[Cells] = []
        for index in range(len(self.names)):
            columns.append(batch.column(index).to_pylist())
        return zip(*columns, strict=True)

    def _is_dropped(self, row: Cells, fault: str | None) -> bool:
        """Whether a row is blank or repeats the header; count it if so."""
        # A blank row that is marked has something beside the table.
        if fault is None and _is_blank(row):
            self.blank_rows += 1
            return True
        if tuple(fold_names(row)) == self.names:
            self.repeated_headers += 1
            return True
        return False


def _find_odd(first: pa.Array, pattern: str) -> pa.Array:
    """Return for each row whether its first cell is empty, or matches the pattern."""
    matches = pc.match_substring_regex(first, pattern, ignore_case=True)
    is_match = pc.fill_null(matches, False)
    return pc.or_(pc.is_null(first), is_match)


def _is_total(cell: str) -> bool:
    """Whether a cell says that its row is a total."""
    word = _TOTAL_TAIL.sub("", fold_name(cell))
    return word in _TOTALS


def _loose_start(name: str) -> str:
    """Match a header's name.

    Of a very long one the beginning, since a pattern may only grow so far.
    """
    start = _loose_pattern(name[:_NAME_START])
    if len(name) <= _NAME_START:
        return start
    return f"{start}(?s:.*)"


def _loose_pattern(word: str) -> str:
    """Match a word as names are folded: blanks anywhere, full-width letters."""
    return _BLANKS.join(_loose_character(character) for character in word)


def _loose_character(character: str) -> str:
    """Match one character, or the same in full width."""
    alike = re.escape(character)
    if "!" <= character <= "~":
        alike += chr(ord(character) + _TO_FULL_WIDTH)
    return f"[{alike}]"
