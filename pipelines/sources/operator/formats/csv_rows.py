"""Split blocks of lines into columns: by Arrow where a block is plain, else by Python's strict csv reader.

Both give the same rows (a property test holds them to it); Arrow is some ten times faster, but forgives
what the strict reader refuses, so it only gets blocks whose quotes are proven to be well formed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.csv as arrow_csv

from pipelines.sources.operator.batches.part import batch_schema, text_schema
from pipelines.sources.operator.batches.rows import Cells, build_batch
from pipelines.sources.operator.delivery import FileRefused
from pipelines.sources.operator.formats.blocks import TextFile


def read_rows(text: TextFile) -> Iterator[tuple[list[str], int, int]]:
    """Yield the cells of every row that is not blank, and the physical lines where it starts and ends."""
    blocks = text.blocks()
    first = next(blocks, b"")
    for row, start, end, _ in _StrictRows(text, first, blocks, text.skip + 1):
        if row:
            yield row, start, end


def read_batches(text: TextFile, names: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    """Yield batches of text columns with `_line` and `_fault`."""
    schema = batch_schema(text_schema(names))
    options = _ArrowOptions(text.delimiter, schema)
    blocks, line = text.blocks(), text.skip + 1
    for block in blocks:
        batch = options.read(block, line, text.limits.field_chars)
        if batch is not None:
            yield batch
            line += batch.num_rows
            continue
        rows = _StrictRows(text, block, blocks, line)
        yield from rows.batches(schema)
        line = rows.line


class _ArrowOptions:
    """Reads a plain block; returns None for one that is not."""

    def __init__(self, delimiter: str, schema: pa.Schema) -> None:
        self._schema = schema
        self._is_simple = len(delimiter.encode()) == 1
        self._shape = _shape_table(delimiter.encode())
        self._parse = {
            quote: arrow_csv.ParseOptions(
                delimiter=delimiter, quote_char='"' if quote else False, ignore_empty_lines=False
            )
            for quote in (True, False)
            if self._is_simple
        }
        data = schema.names[:-2]
        self._names = data
        self._convert = arrow_csv.ConvertOptions(
            column_types={name: pa.string() for name in data},
            null_values=[""],
            strings_can_be_null=True,
        )

    def read(self, block: bytes, line: int, field_chars: int) -> pa.RecordBatch | None:
        """Return the block's rows, one a line; None unless every line has the same cells and plain quotes."""
        quotes = block.count(b'"')
        if not self._is_simple or not self._is_plain(block, quotes):
            return None
        read = arrow_csv.ReadOptions(
            column_names=self._names, block_size=len(block) + 1, use_threads=False
        )
        try:
            table = arrow_csv.read_csv(
                pa.BufferReader(block), read, self._parse[bool(quotes)], self._convert
            )
        except pa.ArrowInvalid:
            return None
        if table.num_rows != block.count(b"\n") + (not block.endswith(b"\n")) or _has_long_cell(
            table, field_chars
        ):
            return None
        arrays = [column.combine_chunks() for column in table.columns]
        arrays += [
            pa.array(range(line, line + table.num_rows), pa.int64()),
            pa.nulls(table.num_rows, pa.string()),
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def _is_plain(self, block: bytes, quotes: int) -> bool:
        if block.count(b"\r") != block.count(b"\r\n"):
            return False
        return not quotes or _has_plain_quotes(block.translate(self._shape))


def _shape_table(delimiter: bytes) -> bytes:
    """Return a translation that leaves of a text only where delimiters, line ends and quotes stand."""
    kept = {delimiter: b",", b'"': b'"', b"\n": b"\n", b"\r": b"\n"}
    return b"".join(kept.get(bytes((code,)), b"x") for code in range(256))


def _has_plain_quotes(shape: bytes) -> bool:
    """Return whether every quote opens or closes a whole cell within its line, by rules no reader disputes."""
    shape = b"\n" + shape + b"\n"
    if any(bad in shape for bad in (b'x"x', b'x""', b'""x', b'"""')):
        return False
    shape = shape.replace(b'""', b"")  # empty cells
    if any(bad in shape for bad in (b',",', b',"\n', b'\n",', b'\n"\n')):
        return False
    # Now each quote either follows text and closes (C) or opens; they must alternate on every line.
    pairs = shape.replace(b'x"', b"C").translate(None, b"x,").replace(b'"C', b"")
    return b'"' not in pairs and b"C" not in pairs


def _has_long_cell(table: pa.Table, field_chars: int) -> bool:
    longest = (pa.compute.max(pa.compute.binary_length(column)).as_py() for column in table.columns)
    return any(length is not None and length > field_chars for length in longest)


class _StrictRows:
    """Python's csv reader over one block, going on into the next blocks while a quoted cell is open."""

    def __init__(self, text: TextFile, block: bytes, more: Iterator[bytes], line: int) -> None:
        self._text, self._more, self.line = text, more, line
        self._lines: Iterator[str] = io.StringIO(block.decode(), newline="")
        self._row_open = False
        self._row_size = 0
        self._cut = False
        csv.field_size_limit(text.limits.field_chars)

    def __iter__(self) -> Iterator[tuple[list[str], int, int, bool]]:
        """Yield cells, first line, last line, and whether the file ended within that line."""
        first = self.line
        reader = csv.reader(self._feed(), delimiter=self._text.delimiter, strict=True)
        start = first
        try:
            for row in reader:
                self._row_open, self._row_size = False, 0
                self.line = first + reader.line_num
                yield row, start, self.line - 1, self._cut
                start = self.line
        except csv.Error as error:
            raise self._refusal(str(error), start) from error

    def batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Yield the rows in batches bounded by the limits."""
        rows: list[Cells] = []
        lines: list[int] = []
        cut = False
        for row, start, _, cut in self:
            rows.append(
                row
            )  # blank lines too: they are dropped, and counted, with the other blank rows
            lines.append(start)
            if len(rows) >= self._text.limits.batch_rows:
                yield build_batch(schema, rows, lines, cut)
                rows, lines = [], []
        if rows:
            yield build_batch(schema, rows, lines, cut)

    def _feed(self) -> Iterator[str]:
        while True:
            for line in self._lines:
                self._row_open = True
                self._row_size += len(line)
                if (
                    self._row_size > self._text.limits.line_bytes
                ):  # a row of quoted cells may go on over many lines
                    limit = f"{self._text.limits.line_bytes:,}"
                    raise FileRefused("line_too_long", file=self._text.name, limit=limit)
                self._cut = line[-1] not in "\r\n"
                yield line
            block = next(self._more, None) if self._row_open else None
            if block is None:
                return
            self._lines = io.StringIO(block.decode(), newline="")

    def _refusal(self, error: str, line: int) -> FileRefused:
        name, limit = self._text.name, f"{self._text.limits.field_chars:,}"
        if "unexpected end" in error:
            return FileRefused("unterminated_quote", file=name, line=line)
        if "field limit" in error:
            return FileRefused("field_too_long", file=name, line=line, limit=limit)
        return FileRefused("bad_quote", file=name, line=line)
