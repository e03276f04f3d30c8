"""Open a delivered CSV file: its encoding, its delimiter and its header.

None of them is guessed from the data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.core.contract import Table
from pipelines.sources.operator.batches.part import Part, read_nothing, text_schema
from pipelines.sources.operator.batches.rows import RowSifter
from pipelines.sources.operator.delivery import (
    FAULT,
    LINE,
    TRUNCATED,
    FileRefused,
    Limits,
)
from pipelines.sources.operator.formats.blocks import TextFile
from pipelines.sources.operator.formats.csv_rows import read_batches, read_rows
from pipelines.sources.operator.formats.encoding import detect_encoding, find_no_sisters
from pipelines.sources.operator.header import (
    TITLE_ROWS,
    check_names,
    column_names,
    count_known,
    find_header_row,
    fold_name,
    folded_names,
    read_header,
    refuse_width,
    required_headers,
)
from pipelines.sources.operator.staging import Staged

_SEP_LINE = re.compile(rb"\"?sep=([^\w\s\"\x80-\xff]|\t)\"?[ \t]*\r?\n?", re.IGNORECASE)
_DELIMITERS = (",", "\t")
_WRONG_DELIMITERS = (";", "|", "，", "；", "、", "^", "~", ":", " ")


@dataclass(frozen=True)
class _Header:
    """A delimiter and header that fit, how many contract columns they name, and its lines."""

    score: int
    text: TextFile
    headers: tuple[str, ...]
    names: tuple[str, ...]
    titles: int
    first_line: int
    last_line: int
    folded: int


@dataclass(frozen=True)
class _FirstRow:
    """One of a file's first rows, and the physical lines where it starts and ends."""

    cells: list[str]
    first_line: int
    last_line: int


def open_csv(
    staged: Staged,
    table: Table,
    limits: Limits,
    ask_sisters: Callable[[], str | None] = find_no_sisters,
) -> Part:
    """Open a CSV file; raise FileRefused if it cannot be trusted or lacks a required column.

    `ask_sisters` returns the encoding of the delivery's other files, for bytes that are text in
    two.
    """
    form = detect_encoding(staged.path, staged.name, limits, ask_sisters)
    text = _with_sep_line(TextFile(staged.path, staged.name, form.codec, limits))
    header = _find_header(text, table)
    check_names(header.names, table, staged.name, header.first_line, limits.columns)

    schema = text_schema(header.names)
    part = Part(staged.name, staged.sha256, staged.size, schema, read_nothing)
    part.encoding = form.encoding
    part.delimiter = header.text.delimiter
    part.notes = list(form.notes)
    if text.skip:
        part.notes.append("sep line skipped")
    part.note_count("title rows skipped", header.titles)
    part.note_count("header names folded", header.folded)
    if _has_odd_line_ends(text):
        part.notes.append("line ends: CR or mixed")

    body = replace(header.text, skip=header.last_line)
    part.read = partial(_read_part, body, part, header.headers)
    return part


def _read_part(
    text: TextFile, part: Part, headers: tuple[str, ...]
) -> Iterator[pa.RecordBatch]:
    """Yield the part's batches; its notes are complete at the end."""
    sifter = RowSifter(headers)
    batches = read_batches(text, tuple(part.schema.names))
    for batch in sifter.sift_batches(batches):
        _refuse_cut_file(batch, part.name)
        yield batch
    part.notes += sifter.list_notes()


def _refuse_cut_file(batch: pa.RecordBatch, file: str) -> None:
    """Refuse a last row that breaks off: it proves that more is lost, and nobody knows how much."""
    index = pc.index(batch.column(FAULT), TRUNCATED).as_py()
    if index >= 0:
        line = batch.column(LINE)[index].as_py()
        raise FileRefused("csv_truncated", file=file, line=line)


def _has_odd_line_ends(text: TextFile) -> bool:
    """Whether the first block's line ends are not all the same, or are the old single CR."""
    block = text.read_first_block()
    cr = block.count(b"\r")
    crlf = block.count(b"\r\n")
    lf = block.count(b"\n")
    is_all_lf = crlf == 0
    is_all_crlf = crlf == lf
    return cr != crlf or not (is_all_lf or is_all_crlf)


def _with_sep_line(text: TextFile) -> TextFile:
    """Honour the `sep=;` line spreadsheets put first."""
    start = text.read_first_block()[:64]
    match = _SEP_LINE.match(start)
    if match is None:
        return text
    return replace(text, delimiter=match[1].decode(), skip=1)


# -- the header ----------------------------------------------------------------------------------


def _find_header(text: TextFile, table: Table) -> _Header:
    """Find delimiter and header row together: the pair that names most of the table's columns.

    Raise FileRefused, for the first reason that a delimiter gives, when no row names any.
    """
    delimiters = (text.delimiter,) if text.skip else _DELIMITERS
    best: _Header | None = None
    refusal: FileRefused | None = None
    for delimiter in delimiters:
        result = _try_header(replace(text, delimiter=delimiter), table)
        if isinstance(result, FileRefused):
            refusal = refusal or result
        elif result is not None and (best is None or result.score > best.score):
            best = result

    if best is not None:
        return best
    raise refusal or _explain_no_header(text, table)


def _try_header(text: TextFile, table: Table) -> _Header | FileRefused | None:
    """Return the header this delimiter finds, or why the first rows cannot be split by it."""
    most = text.limits.columns
    rows: list[_FirstRow] = []
    try:
        for cells, first, last in islice(read_rows(text), TITLE_ROWS + 1):
            # One more than may be is enough to refuse it.
            rows.append(_FirstRow(cells[: most + 1], first, last))
    except FileRefused as refusal:
        if not rows:
            return refusal

    index = find_header_row([row.cells for row in rows], table)
    if index is None:
        return _refuse_wide_row(rows, text, most)

    row = rows[index]
    headers = read_header(row.cells)
    names = column_names(headers, table)
    return _Header(
        score=count_known(names, table),
        text=text,
        headers=headers,
        names=names,
        titles=index,
        first_line=row.first_line,
        last_line=row.last_line,
        folded=folded_names(row.cells),
    )


def _refuse_wide_row(
    rows: Sequence[_FirstRow], text: TextFile, most: int
) -> FileRefused | None:
    """Return the refusal for the first row with more cells than may be; None without such a one."""
    for row in rows:
        if len(row.cells) > most:
            return refuse_width(text.name, row.first_line, len(row.cells), most)
    return None


def _explain_no_header(text: TextFile, table: Table) -> FileRefused:
    """Say why no row names the table's columns: the delimiter, or no header at all."""
    start = text.read_first_block()[: text.limits.field_chars]
    lines = start.decode("utf-8", "ignore").splitlines()[: TITLE_ROWS + 1]
    for delimiter in _WRONG_DELIMITERS:
        if any(_names_columns(line.split(delimiter), table) for line in lines):
            return FileRefused("wrong_delimiter", file=text.name, delimiter=delimiter)
    return FileRefused("no_header", file=text.name, columns=required_headers(table))


def _names_columns(cells: Sequence[str], table: Table) -> bool:
    """Whether cells name more than one of the table's columns."""
    folded = [fold_name(cell.strip('"')) for cell in cells]
    return count_known(column_names(folded, table), table) > 1
