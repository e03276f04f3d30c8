"""Build batches from rows of text cells, and mark or drop the rows that cannot be data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.operator.delivery import FAULT, RAGGED, TOTAL_ROW, TRUNCATED
from pipelines.sources.operator.header import INVISIBLE, fold_name, fold_names

Cells = Sequence[str | None]

_TOTALS = frozenset({"合计", "总计", "小计", "共计", "total", "subtotal", "grandtotal"})
_TOTAL_TAIL = re.compile(r"[:：]+$")
_BLANKS = f"[{INVISIBLE}]*"
_NAME_START = 64


def build_batch(
    schema: pa.Schema, rows: list[Cells], lines: list[int], cut: bool = False
) -> pa.RecordBatch:
    """Turn rows into text columns; a row of another width is squared and marked, an empty cell is NULL."""
    width = len(schema) - 2
    faults: list[str | None] = [None] * len(rows)
    for i in [i for i, row in enumerate(rows) if len(row) != width]:
        faults[i] = _width_fault(rows[i], width, cut and i == len(rows) - 1)
        rows[i] = [*rows[i][:width], *[None] * (width - len(rows[i]))]
    arrays = [_text_array(column) for column in zip(*rows, strict=True)]
    return pa.RecordBatch.from_arrays(
        [*arrays, pa.array(lines, pa.int64()), pa.array(faults, pa.string())], schema=schema
    )


def _width_fault(row: Cells, width: int, cut: bool) -> str | None:
    if len(row) > width:
        return RAGGED if any(row[width:]) else None  # a trailing delimiter adds no cell
    if not any(cell and cell.strip() for cell in row):
        return None  # a blank line
    return TRUNCATED if cut else RAGGED


def _text_array(cells: Sequence[str | None]) -> pa.Array:
    array = pa.array(cells, pa.string())
    return pc.replace_with_mask(
        array, pc.fill_null(pc.equal(array, ""), False), pa.scalar(None, pa.string())
    )


@dataclass
class RowSifter:
    """Drops blank rows and repeated headers, marks total rows; counts what it dropped."""

    names: tuple[str, ...]
    repeated_headers: int = 0
    blank_rows: int = 0

    def sift(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the batches that still hold rows."""
        words = "|".join(
            [_loose_start(self.names[0]), *(_loose_pattern(word) for word in sorted(_TOTALS))]
        )
        pattern = (
            f"^{_BLANKS}(?:(?:{words}){_BLANKS}[:：]*)?$"  # the few rows worth a look, one by one
        )
        for batch in batches:
            first = batch.column(0)
            odd = pc.or_(
                pc.is_null(first),
                pc.fill_null(pc.match_substring_regex(first, pattern, ignore_case=True), False),
            )
            batch = self._settle(batch, pc.indices_nonzero(odd)) if pc.any(odd).as_py() else batch
            if batch.num_rows:
                yield batch

    def notes(self) -> list[str]:
        """Say what was dropped without being data."""
        counts = {
            "repeated header rows dropped": self.repeated_headers,
            "blank rows skipped": self.blank_rows,
        }
        return [f"{what}: {count}" for what, count in counts.items() if count]

    def _settle(self, batch: pa.RecordBatch, odd: pa.Array) -> pa.RecordBatch:
        """Look at the odd rows one by one."""
        looked_at = batch.take(odd)
        columns = [looked_at.column(i).to_pylist() for i in range(len(self.names))]
        faults = batch.column(FAULT).to_pylist()
        keep = [True] * batch.num_rows
        for i, row in zip(odd.to_pylist(), zip(*columns, strict=True), strict=True):
            keep[i] = not self._is_dropped(row, faults[i])
            if keep[i] and _is_total(next((cell for cell in row if cell and cell.strip()), "")):
                faults[i] = TOTAL_ROW
        settled = batch.set_column(batch.num_columns - 1, FAULT, pa.array(faults, pa.string()))
        return settled if all(keep) else settled.filter(pa.array(keep))

    def _is_dropped(self, row: Cells, fault: str | None) -> bool:
        if fault is None and not any(
            cell and cell.strip() for cell in row
        ):  # else something stands beside the table
            self.blank_rows += 1
            return True
        if tuple(fold_names(row)) == self.names:
            self.repeated_headers += 1
            return True
        return False


def _is_total(cell: str) -> bool:
    return _TOTAL_TAIL.sub("", fold_name(cell)) in _TOTALS


def _loose_start(name: str) -> str:
    """Match a header's name; of a very long one the beginning, since a pattern may only grow so far."""
    start = _loose_pattern(name[:_NAME_START])
    return start if len(name) <= _NAME_START else f"{start}(?s:.*)"


def _loose_pattern(word: str) -> str:
    """Match a word as names are folded: blanks anywhere, full-width letters."""
    wide = {char: chr(ord(char) + 0xFEE0) for char in word if "!" <= char <= "~"}
    return _BLANKS.join(f"[{re.escape(char)}{wide.get(char, '')}]" for char in word)
