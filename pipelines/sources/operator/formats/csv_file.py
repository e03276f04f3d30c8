"""Open a delivered CSV file: its encoding, its delimiter and its header, none of them guessed from the data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.core.contract import Table
from pipelines.sources.operator.batches.part import Part, text_schema
from pipelines.sources.operator.batches.rows import RowSifter
from pipelines.sources.operator.delivery import FAULT, LINE, TRUNCATED, FileRefused, Limits
from pipelines.sources.operator.formats.blocks import TextFile
from pipelines.sources.operator.formats.csv_rows import read_batches, read_rows
from pipelines.sources.operator.formats.encoding import detect_encoding
from pipelines.sources.operator.header import (
    TITLE_ROWS,
    check_names,
    column_names,
    find_header_row,
    fold_name,
    folded_names,
    read_header,
    required_headers,
)
from pipelines.sources.operator.staging import Staged

_SEP_LINE = re.compile(rb"\"?sep=([^\w\s\"\x80-\xff]|\t)\"?[ \t]*\r?\n?", re.IGNORECASE)
_DELIMITERS = (",", "\t")
_WRONG_DELIMITERS = (";", "|", "，", "；", "、", "^", "~", ":", " ")


@dataclass(frozen=True)
class _Found:
    """A delimiter and header that fit, how many contract columns they name, and the header's lines."""

    score: int
    text: TextFile
    headers: tuple[str, ...]
    names: tuple[str, ...]
    titles: int
    first_line: int
    last_line: int
    folded: int


def open_csv(
    staged: Staged,
    table: Table,
    limits: Limits,
    ask_sisters: Callable[[], str | None] = lambda: None,
) -> Part:
    """Open a CSV file; raise FileRefused if it cannot be trusted or lacks a required column.

    `ask_sisters` returns the encoding of the delivery's other files, for bytes that are text in two.
    """
    form = detect_encoding(staged.path, staged.name, limits, ask_sisters)
    text = _with_sep_line(TextFile(staged.path, staged.name, form.codec, limits))
    found = _find_header(text, table)
    check_names(found.names, table, staged.name, found.first_line, limits.columns)
    part = Part(staged.name, staged.sha256, staged.size, text_schema(found.names), lambda: iter(()))
    part.encoding, part.delimiter, part.notes = (
        form.encoding,
        found.text.delimiter,
        list(form.notes),
    )
    part.notes += ["sep line skipped"] * text.skip + [f"title rows skipped: {found.titles}"] * bool(
        found.titles
    )
    part.notes += [f"header names folded: {found.folded}"] * bool(found.folded) + _line_ends(text)
    part.read = partial(_read_part, replace(found.text, skip=found.last_line), part, found.headers)
    return part


def _read_part(text: TextFile, part: Part, headers: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    sifter = RowSifter(headers)
    for batch in sifter.sift(read_batches(text, tuple(part.schema.names))):
        _refuse_cut_file(batch, part.name)
        yield batch
    part.notes += sifter.notes()


def _refuse_cut_file(batch: pa.RecordBatch, file: str) -> None:
    """A last row that breaks off proves that more is lost, and nobody knows how much."""
    place = pc.index(batch.column(FAULT), TRUNCATED).as_py()
    if place >= 0:
        raise FileRefused("csv_truncated", file=file, line=batch.column(LINE)[place].as_py())


def _line_ends(text: TextFile) -> list[str]:
    """Note line ends that are not all the same, or the old single CR."""
    block = next(text.blocks(), b"")
    cr, crlf, lf = block.count(b"\r"), block.count(b"\r\n"), block.count(b"\n")
    return ["line ends: CR or mixed"] if cr != crlf or crlf not in (0, lf) else []


def _with_sep_line(text: TextFile) -> TextFile:
    """Honour the `sep=;` line spreadsheets put first."""
    match = _SEP_LINE.match(next(text.blocks(), b"")[:64])
    return replace(text, delimiter=match[1].decode(), skip=1) if match else text


def _find_header(text: TextFile, table: Table) -> _Found:
    """Find delimiter and header row together: the pair that names most of the table's columns."""
    tried = (
        [text] if text.skip else [replace(text, delimiter=delimiter) for delimiter in _DELIMITERS]
    )
    results = [_try_header(candidate, table) for candidate in tried]
    best = max(
        (r for r in results if isinstance(r, _Found)), key=lambda found: found.score, default=None
    )
    if best is not None:
        return best
    raise next((r for r in results if isinstance(r, FileRefused)), None) or _no_header(text, table)


def _try_header(text: TextFile, table: Table) -> _Found | FileRefused | None:
    """Return the header this delimiter finds, or why the first rows cannot be split by it."""
    head: list[tuple[list[str], int, int]] = []
    widest = text.limits.columns + 1  # one more than may be: enough to refuse it
    try:
        for cells, first, last in islice(read_rows(text), TITLE_ROWS + 1):
            head.append((cells[:widest], first, last))
    except FileRefused as refusal:
        if not head:
            return refusal
    row = find_header_row([cells for cells, _, _ in head], table)
    if row is None:
        return next(
            (_too_wide(text, len(cells), line) for cells, line, _ in head if len(cells) == widest),
            None,
        )
    cells, first, last = head[row]
    headers = read_header(cells)
    names = column_names(headers, table)
    score = sum(table.column(name) is not None for name in names)
    return _Found(score, text, headers, names, row, first, last, folded_names(cells))


def _too_wide(text: TextFile, columns: int, line: int) -> FileRefused:
    limit = f"{text.limits.columns:,}"
    return FileRefused(
        "too_many_columns", file=text.name, line=line, columns=f"{columns:,}", limit=limit
    )


def _no_header(text: TextFile, table: Table) -> FileRefused:
    """Say why no row names the table's columns: the delimiter, or no header at all."""
    lines = (
        next(text.blocks(), b"")[: text.limits.field_chars].decode("utf-8", "ignore").splitlines()
    )
    for delimiter in _WRONG_DELIMITERS:
        if any(_names_columns(line.split(delimiter), table) for line in lines[: TITLE_ROWS + 1]):
            return FileRefused("wrong_delimiter", file=text.name, delimiter=delimiter)
    return FileRefused("no_header", file=text.name, columns=required_headers(table))


def _names_columns(cells: list[str], table: Table) -> bool:
    names = column_names([fold_name(cell.strip('"')) for cell in cells], table)
    return sum(table.column(name) is not None for name in names) > 1
