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

import pyarrow.parquet as pq

from pipelines.core.contract import contract
from pipelines.jobs.intake.synonyms import column_synonyms, compare_form
from pipelines.sources.operator.batches.values import format_value
from pipelines.sources.operator.delivery import FileRefused, Limits
from pipelines.sources.operator.formats.blocks import TextFile
from pipelines.sources.operator.formats.csv_rows import read_rows
from pipelines.sources.operator.formats.encoding import detect_encoding
from pipelines.sources.operator.formats.xlsx_file import read_sheets
from pipelines.sources.operator.header import TITLE_ROWS, fold_name
from pipelines.sources.operator.mapping import file_kind
from pipelines.sources.operator.staging import Staged, stage_file

SAMPLE_ROWS = 20_000
Cells = Sequence[str | None]


@dataclass(frozen=True)
class Sample:
    """What a file (or a workbook's sheet, or a query) shows: its headers as written and its first rows."""

    file: str
    headers: tuple[str, ...]
    rows: tuple[Cells, ...]
    sheet: str | None = None

    def values(self, place: int) -> list[str]:
        """Return the values of a column that are not empty."""
        cells = (row[place] for row in self.rows if place < len(row))
        return [cell for cell in cells if cell is not None and cell.strip()]


def read_samples(path: Path) -> list[Sample]:
    """Read the first rows of a file, of each sheet of a workbook; raise FileRefused for one that cannot be read."""
    kind = file_kind(path.name)
    if kind is None:
        return []
    limits = Limits()
    with _staged(path, kind, limits) as staged:
        return _READERS[staged.kind](staged, limits)


@contextmanager
def _staged(path: Path, kind: str, limits: Limits) -> Iterator[Staged]:
    folder = Path(tempfile.mkdtemp(prefix="retention-"))
    try:
        yield stage_file(path, kind, folder, limits)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read_csv(staged: Staged, limits: Limits) -> list[Sample]:
    form = detect_encoding(staged.path, staged.name, limits)
    text = TextFile(staged.path, staged.name, form.codec, limits)
    tries = [_first_rows(replace(text, delimiter=delimiter)) for delimiter in (",", "\t", ";", "|")]
    rows = max(tries, key=lambda found: _score_header(found, _find_header(found)))
    return _make_samples(staged.name, None, rows)


def _first_rows(text: TextFile) -> list[Cells]:
    rows: list[Cells] = []
    with suppress(FileRefused):  # what stands before the broken row is sample enough
        rows.extend(cells for cells, _, _ in islice(read_rows(text), SAMPLE_ROWS))
    return rows


def _read_xlsx(staged: Staged, limits: Limits) -> list[Sample]:
    found: list[Sample] = []
    sheets = read_sheets(staged, limits, SAMPLE_ROWS)
    for sheet, rows in sheets.items():
        found += _make_samples(staged.name, sheet if len(sheets) > 1 else None, rows)
    return found


def _read_parquet(staged: Staged, limits: Limits) -> list[Sample]:
    try:
        with pq.ParquetFile(staged.path) as file:
            headers = tuple(file.schema_arrow.names)
            batch = next(file.iter_batches(batch_size=SAMPLE_ROWS), None)
    except (OSError, ValueError) as error:
        raise FileRefused("parquet_damaged", file=staged.name) from error
    columns = (
        [[format_value(value) for value in column.to_pylist()] for column in batch.columns]
        if batch
        else []
    )
    return [Sample(staged.name, headers, tuple(zip(*columns, strict=True)))]


_READERS: dict[str, Callable[[Staged, Limits], list[Sample]]] = {
    "csv": _read_csv,
    "xlsx": _read_xlsx,
    "parquet": _read_parquet,
}


def _make_samples(file: str, sheet: str | None, rows: Sequence[Cells]) -> list[Sample]:
    if not rows:
        return []
    place = _find_header(rows)
    headers = [(cell or "").strip() for cell in rows[place]]
    while headers and not headers[-1]:
        headers.pop()
    return [Sample(file, tuple(headers), tuple(rows[place + 1 :]), sheet)]


def _find_header(rows: Sequence[Cells]) -> int:
    """Return which of the first rows is the header: the one with most names that are known, else the widest."""
    places = range(min(len(rows), TITLE_ROWS + 1))
    return max(places, key=lambda place: (*_score_header(rows, place), -place), default=0)


def _score_header(rows: Sequence[Cells], place: int) -> tuple[int, int, int]:
    """Count the names that are known, those of the contract's own among them, and the cells that are filled."""
    cells = [cell or "" for cell in rows[place]] if rows else []
    known = sum(compare_form(cell) in known_names() for cell in cells)
    own = sum(fold_name(cell) in _contract_names() for cell in cells)
    return known, own, sum(bool(cell.strip()) for cell in cells)


@cache
def _contract_names() -> frozenset[str]:
    return frozenset(column.name for table in contract().values() for column in table.columns)


@cache
def known_names() -> frozenset[str]:
    """Return every name of a column of any table, as names are compared."""
    return frozenset(
        name for t in contract().values() for c in t.columns for name in column_synonyms(t, c)
    )
