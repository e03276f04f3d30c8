"""Split blocks of lines into columns.

Arrow does it where a block is plain, else Python's strict csv reader. Both give the same rows (a
property test holds them to it); Arrow is some ten times faster, but forgives what the strict
reader refuses, so it only gets blocks whose quotes are proven to be well formed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from pipelines.sources.operator.batches.arrays import TEXT, make_reading_arrays
from pipelines.sources.operator.batches.part import (
    READING_COLUMNS,
    batch_schema,
    text_schema,
)
from pipelines.sources.operator.batches.rows import Cells, build_batch
from pipelines.sources.operator.delivery import FileRefused
from pipelines.sources.operator.formats.blocks import TextFile

# Shapes of quotes about which readers differ, before and after empty cells are taken out.
_DISPUTED = (b'x"x', b'x""', b'""x', b'"""')
_DISPUTED_WITHOUT_EMPTY = (b',",', b',"\n', b'\n",', b'\n"\n')


def read_rows(text: TextFile) -> Iterator[tuple[list[str], int, int]]:
    """Yield the cells of every row that is not blank, and its first and last physical line."""
    blocks = text.read_blocks()
    line = text.skip + 1
    for block in blocks:
        rows = _StrictRows(text, block, blocks, line)
        for row, start, end, _ in rows:
            if row:
                yield row, start, end
        line = rows.line


def read_batches(text: TextFile, names: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    """Yield batches of text columns with `_line` and `_fault`."""
    schema = batch_schema(text_schema(names))
    reader = _ArrowReader(text.delimiter, schema)
    blocks = text.read_blocks()
    line = text.skip + 1
    for block in blocks:
        batch = reader.read_block(block, line, text.limits.field_chars)
        if batch is not None:
            yield batch
            line += batch.num_rows
            continue
        rows = _StrictRows(text, block, blocks, line)
        yield from rows.make_batches(schema)
        line = rows.line


class _ArrowReader:
    """Reads a plain block; returns None for one that is not."""

    def __init__(self, delimiter: str, schema: pa.Schema) -> None:
        self._schema = schema
        self._names = schema.names[:-READING_COLUMNS]
        encoded = delimiter.encode()
        self._shape = _shape_table(encoded)
        self._can_read = len(encoded) == 1
        self._with_quotes: arrow_csv.ParseOptions | None = None
        self._without_quotes: arrow_csv.ParseOptions | None = None
        if self._can_read:
            self._with_quotes = _parse_options(delimiter, '"')
            self._without_quotes = _parse_options(delimiter, False)
        self._convert = arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(self._names, TEXT),
            null_values=[""],
            strings_can_be_null=True,
        )

    def read_block(
        self, block: bytes, line: int, field_chars: int
    ) -> pa.RecordBatch | None:
        """Return the block's rows, one a line, the first of them at `line`.

        None unless every line has the same number of cells and plain quotes.
        """
        if not self._can_read:
            return None
        has_quotes = b'"' in block
        if not self._is_plain(block, has_quotes):
            return None
        table = self._parse_block(block, has_quotes)
        if table is None or table.num_rows != _count_lines(block):
            return None
        if _has_long_cell(table, field_chars):
            return None

        arrays = [column.combine_chunks() for column in table.columns]
        arrays += make_reading_arrays(line, table.num_rows)
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def _parse_block(self, block: bytes, has_quotes: bool) -> pa.Table | None:
        """Return the rows as Arrow reads them; None for a block that it does not take."""
        read = arrow_csv.ReadOptions(
            column_names=self._names,
            block_size=len(block) + 1,
            use_threads=False,
        )
        parse = self._with_quotes if has_quotes else self._without_quotes
        try:
            return arrow_csv.read_csv(
                pa.BufferReader(block), read, parse, self._convert
            )
        except pa.ArrowInvalid:
            return None

    def _is_plain(self, block: bytes, has_quotes: bool) -> bool:
        """Whether no reader could take the block's line ends or quotes for anything else."""
        has_lone_cr = block.count(b"\r") != block.count(b"\r\n")
        if has_lone_cr:
            return False
        if not has_quotes:
            return True
        shape = block.translate(self._shape)
        return _has_plain_quotes(shape)


def _parse_options(delimiter: str, quote: str | bool) -> arrow_csv.ParseOptions:
    return arrow_csv.ParseOptions(
        delimiter=delimiter,
        quote_char=quote,
        ignore_empty_lines=False,
    )


def _count_lines(block: bytes) -> int:
    """Count the lines of a block, the last one without an end too."""
    lines = block.count(b"\n")
    if not block.endswith(b"\n"):
        lines += 1
    return lines


def _shape_table(delimiter: bytes) -> bytes:
    """Return a translation that leaves of a text only where delimiters, lines and quotes end."""
    kept = {delimiter: b",", b'"': b'"', b"\n": b"\n", b"\r": b"\n"}
    codes = [bytes((code,)) for code in range(256)]
    return b"".join(kept.get(code, b"x") for code in codes)


def _has_plain_quotes(shape: bytes) -> bool:
    """Return whether every quote opens or closes a whole cell within its line.

    By rules that no reader disputes.
    """
    shape = b"\n" + shape + b"\n"
    if any(disputed in shape for disputed in _DISPUTED):
        return False
    shape = shape.replace(b'""', b"")  # empty cells
    if any(disputed in shape for disputed in _DISPUTED_WITHOUT_EMPTY):
        return False

    # Now each quote either follows text and closes (C) or opens; they must alternate on every line.
    quotes = shape.replace(b'x"', b"C").translate(None, b"x,")
    unpaired = quotes.replace(b'"C', b"")
    return b'"' not in unpaired and b"C" not in unpaired


def _has_long_cell(table: pa.Table, field_chars: int) -> bool:
    """Whether a cell is longer (in bytes) than any cell may be."""
    for column in table.columns:
        longest = pc.max(pc.binary_length(column)).as_py()
        if longest is not None and longest > field_chars:
            return True
    return False


class _StrictRows:
    """Python's csv reader over one block, going on into the next while a quoted cell is open.

    `line` is the physical line after the last row read.
    """

    def __init__(
        self,
        text: TextFile,
        block: bytes,
        more: Iterator[bytes],
        line: int,
    ) -> None:
        self.line = line
        self._text = text
        self._more = more
        self._lines = _split_lines(block)
        self._row_open = False
        self._row_size = 0
        self._cut = False
        csv.field_size_limit(text.limits.field_chars)

    def __iter__(self) -> Iterator[tuple[list[str], int, int, bool]]:
        """Yield cells, first line, last line, and whether the file ended within that line."""
        first = self.line
        start = first
        reader = csv.reader(
            self._feed_lines(), delimiter=self._text.delimiter, strict=True
        )
        try:
            for row in reader:
                self._row_open = False
                self._row_size = 0
                self.line = first + reader.line_num
                yield row, start, self.line - 1, self._cut
                start = self.line
        except csv.Error as error:
            raise self._explain_error(str(error), start) from error

    def make_batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Yield the rows in batches bounded by the limits.

        Blank lines are among them: they are dropped, and counted, with the other blank rows.
        """
        rows: list[Cells] = []
        lines: list[int] = []
        cut = False
        for row, start, _, cut in self:
            rows.append(row)
            lines.append(start)
            if len(rows) >= self._text.limits.batch_rows:
                yield build_batch(schema, rows, lines, cut)
                rows = []
                lines = []
        if rows:
            yield build_batch(schema, rows, lines, cut)

    def _feed_lines(self) -> Iterator[str]:
        """Yield the block's lines, and those of further blocks while a row is open.

        Raise FileRefused for a row without end: one of quoted cells may go on over many lines.
        """
        line_bytes = self._text.limits.line_bytes
        while True:
            for line in self._lines:
                self._row_open = True
                self._row_size += len(line)
                if self._row_size > line_bytes:
                    limit = f"{line_bytes:,}"
                    raise FileRefused(
                        "line_too_long", file=self._text.name, limit=limit
                    )
                self._cut = line[-1] not in "\r\n"
                yield line
            block = next(self._more, None) if self._row_open else None
            if block is None:
                return
            self._lines = _split_lines(block)

    def _explain_error(self, error: str, line: int) -> FileRefused:
        """Return the refusal for what Python's reader says of the row that starts at a line."""
        name = self._text.name
        if "unexpected end" in error:
            return FileRefused("unterminated_quote", file=name, line=line)
        if "field limit" in error:
            limit = f"{self._text.limits.field_chars:,}"
            return FileRefused(
                "field_too_long",
                file=name,
                line=line,
                limit=limit,
            )
        return FileRefused("bad_quote", file=name, line=line)


def _split_lines(block: bytes) -> Iterator[str]:
    """Yield the lines of a block as text, with their ends as they are."""
    return io.StringIO(block.decode(), newline="")
