"""The first rows of a delivered file, whatever it is called: its header and its values as text."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from pipelines.core.contract import load_contract
from pipelines.jobs.intake.synonyms import column_synonyms, compare_form
from pipelines.sources.operator.batches.values import format_value
from pipelines.sources.operator.delivery import FileRefused, Limits
from pipelines.sources.operator.formats.blocks import TextFile
from pipelines.sources.operator.formats.csv_rows import read_rows
from pipelines.sources.operator.formats.encoding import detect_encoding
from pipelines.sources.operator.formats.xlsx_file import read_sheets
from pipelines.sources.operator.header import TITLE_ROWS, fold_name
from pipelines.sources.operator.mapping import find_file_kind
from pipelines.sources.operator.staging import Staged, stage_file

SAMPLE_ROWS = 20_000
_DELIMITERS = (",", "\t", ";", "|")
Cells = Sequence[str | None]


@dataclass(frozen=True)
class Sample:
    """What a file (or a workbook's sheet, or a query) shows.

    Its headers as written and its first rows.
    """

    file: str
    headers: tuple[str, ...]
    rows: tuple[Cells, ...]
    sheet: str | None = None

    def values(self, position: int) -> list[str]:
        """Return the values of a column that are not empty."""
        found = []
        for row in self.rows:
            cell = row[position] if position < len(row) else None
            if cell is not None and cell.strip():
                found.append(cell)
        return found


def read_samples(path: Path) -> list[Sample]:
    """Read the first rows of a file, of each sheet of a workbook.

    Raise FileRefused for one that cannot be read.
    """
    kind = find_file_kind(path.name)
    if kind is None:
        return []
    limits = Limits()
    with _stage_for_reading(path, kind, limits) as staged:
        read = _READERS[staged.kind]
        return read(staged, limits)


@contextmanager
def _stage_for_reading(path: Path, kind: str, limits: Limits) -> Iterator[Staged]:
    folder = Path(tempfile.mkdtemp(prefix="retention-"))
    try:
        yield stage_file(path, kind, folder, limits)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# -- kinds of files --------------------------------------------------------------------------------


def _read_csv(staged: Staged, limits: Limits) -> list[Sample]:
    """Read by the delimiter that gives the best header."""
    form = detect_encoding(staged.path, staged.name, limits)
    text = TextFile(staged.path, staged.name, form.codec, limits)
    attempts = [_read_first_rows(replace(text, delimiter=mark)) for mark in _DELIMITERS]
    best = max(attempts, key=_score_best_header)
    return _make_samples(staged.name, None, best)


def _read_first_rows(text: TextFile) -> list[Cells]:
    rows: list[Cells] = []
    with suppress(FileRefused):  # what stands before the broken row is sample enough
        for cells, _, _ in islice(read_rows(text), SAMPLE_ROWS):
            rows.append(cells)
    return rows


def _read_xlsx(staged: Staged, limits: Limits) -> list[Sample]:
    samples: list[Sample] = []
    sheets = read_sheets(staged, limits, SAMPLE_ROWS)
    is_alone = len(sheets) == 1
    for sheet, rows in sheets.items():
        samples += _make_samples(staged.name, None if is_alone else sheet, rows)
    return samples


def _read_parquet(staged: Staged, limits: Limits) -> list[Sample]:
    try:
        with pq.ParquetFile(staged.path) as file:
            headers = tuple(file.schema_arrow.names)
            batch = next(file.iter_batches(batch_size=SAMPLE_ROWS), None)
    except (OSError, ValueError) as error:
        raise FileRefused("parquet_damaged", file=staged.name) from error

    columns: list[list[str | None]] = []
    if batch is not None and batch.num_rows > 0:
        for column in batch.columns:
            columns.append([format_value(value) for value in column.to_pylist()])

    rows = tuple(zip(*columns, strict=True))
    return [Sample(staged.name, headers, rows)]


_READERS: dict[str, Callable[[Staged, Limits], list[Sample]]] = {
    "csv": _read_csv,
    "xlsx": _read_xlsx,
    "parquet": _read_parquet,
}


# -- the header ------------------------------------------------------------------------------------


class HeaderScore(NamedTuple):
    """How much a row looks like a header, what counts most first."""

    known_names: int  # of any column of any table
    contract_names: int  # of these, the contract's own
    filled_cells: int


def _make_samples(file: str, sheet: str | None, rows: Sequence[Cells]) -> list[Sample]:
    if not rows:
        return []
    header_row = _find_header(rows)
    headers = [(cell or "").strip() for cell in rows[header_row]]
    while headers and not headers[-1]:
        headers.pop()
    values = tuple(rows[header_row + 1 :])
    return [Sample(file, tuple(headers), values, sheet)]


def _find_header(rows: Sequence[Cells]) -> int:
    """Return which of the first rows is the header.

    The one with most names that are known, else the widest.
    """
    scores = [_score_header(row) for row in rows[: TITLE_ROWS + 1]]
    if not scores:
        return 0
    return scores.index(max(scores))


def _score_best_header(rows: Sequence[Cells]) -> HeaderScore:
    if not rows:
        return HeaderScore(0, 0, 0)
    return _score_header(rows[_find_header(rows)])


def _score_header(row: Cells) -> HeaderScore:
    cells = [cell or "" for cell in row]
    return HeaderScore(
        known_names=sum(compare_form(cell) in known_names() for cell in cells),
        contract_names=sum(fold_name(cell) in _list_contract_names() for cell in cells),
        filled_cells=sum(bool(cell.strip()) for cell in cells),
    )


@cache
def _list_contract_names() -> frozenset[str]:
    return frozenset(
        column.name for table in load_contract().values() for column in table.columns
    )


@cache
def known_names() -> frozenset[str]:
    """Return every name of a column of any table, as names are compared."""
    names: set[str] = set()
    for table in load_contract().values():
        for column in table.columns:
            names.update(column_synonyms(table, column))
    return frozenset(names)
