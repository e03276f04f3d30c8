"""Read a filled workbook or CSV that came back: columns by their titles, rows by their signed ids, nothing by its place.

A row is judged by itself; what is wrong with one never holds back another.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.core.contract import Column, Table
from pipelines.core.errors import SourceNotReady
from pipelines.core.names import show_name
from pipelines.core.outcomes import Outcome, outcomes
from pipelines.core.values import MACROS
from pipelines.documents.workbooks.columns import WORK_LIST_COLUMNS
from pipelines.documents.workbooks.columns import Column as SheetColumn
from pipelines.documents.workbooks.signature import is_signed_by, protected_cells
from pipelines.sources.operator.batches.part import Part
from pipelines.sources.operator.delivery import (
    DAMAGED_ID,
    EXCEL_SERIAL,
    FAULT,
    LINE,
    NO_CACHED_VALUE,
    RAGGED,
    FileRefused,
    Limits,
)
from pipelines.sources.operator.formats.archive import open_archive
from pipelines.sources.operator.formats.cell_values import read_number
from pipelines.sources.operator.formats.csv_file import open_csv
from pipelines.sources.operator.formats.workbook_parts import read_workbook
from pipelines.sources.operator.formats.xlsx_file import open_xlsx
from pipelines.sources.operator.header import fold_name
from pipelines.sources.operator.staging import Staged, stage_files
from pipelines.text.texts import LANGUAGES, labels

NOTE_LIMIT = 1000
ORDER_ID = re.compile(r"([0-9]{4})(0[1-9]|1[0-2])-\w+")
_AMOUNT_END = 10**12  # yuan; what every room, and the office, can carry
_MARKS = str.maketrans("", "", DAMAGED_ID + EXCEL_SERIAL + NO_CACHED_VALUE)
INPUTS = tuple(column.name for column in WORK_LIST_COLUMNS if column.is_input)
SIGNED = tuple(column.name for column in WORK_LIST_COLUMNS if column.is_signed)
_ELSEWHERE = (
    "source.no_header",
    "source.wrong_sheet",
    "source.missing_column",
    "source.wrong_delimiter",
)


@dataclass(frozen=True)
class Refusal:
    """Why a row is not taken: the key of `return.<key>` in the locales, and the column it is about."""

    key: str
    column: str | None = None


@dataclass(frozen=True)
class ReturnedRow:
    """One row as it came back: `cells` as they were typed, the values read from them, or why it is refused."""

    line: int
    cells: Mapping[str, str]
    order_id: str
    outcome: str = ""
    contacted_on: date | None = None
    promised_amount: Decimal | None = None
    promised_on: date | None = None
    note: str = ""
    refusal: Refusal | None = None
    is_signed: bool = False


@dataclass(frozen=True)
class Return:
    """A file that came back: its rows that say something, and how many orders nobody has filled in."""

    path: Path
    sha256: str
    language: str
    rows: Sequence[ReturnedRow]
    unfilled: int


@dataclass(frozen=True)
class _Form:
    """One way the titles may be written: column name by folded title, in a language or as the contract has them."""

    language: str
    names: Mapping[str, str]

    def table(self, sheet: str) -> Table:
        """The form as a table that the readers of deliveries know."""
        needed = ("order_id", "outcome")
        kinds = {c.name: "date" if c.kind == "date" else "text" for c in WORK_LIST_COLUMNS}
        columns = [Column(title, kinds[name], name in needed) for title, name in self.names.items()]
        return Table(sheet, (), tuple(columns))


@cache
def _forms() -> tuple[_Form, ...]:
    names = [column.name for column in WORK_LIST_COLUMNS]
    spoken = [
        _Form(lang, {fold_name(labels(lang)[n]): n for n in names}) for lang in reversed(LANGUAGES)
    ]
    return (*spoken, _Form("", {name: name for name in names}))


def read_return(
    path: Path, key: bytes, limits: Limits | None = None, must_sign: bool = False
) -> Return:
    """Read a file that came back; raise FileRefused when none of it can be, SourceNotReady when it is not there.

    `key` is the one the rows were signed with; with `must_sign` a row without its signature is refused. The rows
    are judged by what they say alone, not by whether the office knows the order.
    """
    limits = limits or Limits()
    if not os.path.lexists(path):
        raise SourceNotReady("source.not_there", source=show_name(path.name))
    with TemporaryDirectory(prefix="return-") as folder:
        (staged,) = stage_files([(path, _kind(path))], Path(folder) / "in", limits)
        pages = _open(staged, limits)
    rows: list[ReturnedRow] = []
    for page in pages:
        said = [
            line
            for line in page.lines
            if any(line.cells[name] for name in INPUTS if name in line.cells)
        ]
        judge = _Judge(
            key, page.has, is_csv=staged.kind == "csv", words=_words(), must_sign=must_sign
        )
        rows += [judge.row(line) for line in _typed(said)]
    unfilled = sum(len(page.lines) for page in pages) - len(rows)
    return Return(path, staged.sha256, pages[0].form.language, rows, unfilled)


def _kind(path: Path) -> str:
    name = path.name.lower()
    kinds = (
        (".xlsx", "xlsx"),
        (".xlsm", "xlsx"),
        (".csv", "csv"),
        (".txt", "csv"),
        (".csv.gz", "csv.gz"),
    )
    kind = next((kind for end, kind in kinds if name.endswith(end)), None)
    if kind is None:
        raise FileRefused("not_a_return", file=show_name(path.name))
    return kind


def _open(staged: Staged, limits: Limits) -> list[_Page]:
    """Read every sheet that has, in some language, the titles of an order and its outcome: people split their work."""
    refusals: list[FileRefused] = []
    pages = [
        page
        for sheet in _sheets(staged, limits)
        if (page := _page(staged, sheet, limits, refusals))
    ]
    if pages:
        return pages
    lost = next((r for r in refusals if r.key == "source.missing_column"), None)
    raise lost or FileRefused("no_order_titles", file=staged.name)


def _page(staged: Staged, sheet: str, limits: Limits, refusals: list[FileRefused]) -> _Page | None:
    """Read a sheet in the language of its titles; None, and why in each language, where it is no work list."""
    opener = open_csv if staged.kind == "csv" else open_xlsx
    for form in _forms():
        try:
            part = opener(staged, form.table(sheet), limits)
        except FileRefused as refusal:
            if refusal.key not in _ELSEWHERE:
                raise
            refusals.append(refusal)
        else:
            has = {form.names[title] for title in part.schema.names if title in form.names}
            return _Page(
                form, has, list(_lines(part, form))
            )  # read now: the next sheet is spooled to the same place
    return None


def _sheets(staged: Staged, limits: Limits) -> list[str]:
    """The names of the sheets; that of the first alone where there is one."""
    if staged.kind == "csv":
        return ["work_list"]
    return [
        sheet.name for sheet in read_workbook(open_archive(staged.path, staged.name, limits)).sheets
    ]


@dataclass(frozen=True)
class _Line:
    number: int
    fault: str | None
    cells: dict[str, str]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class _Page:
    """A sheet of orders: how its titles are written, which columns it has, and its lines."""

    form: _Form
    has: set[str]
    lines: list[_Line]


def _lines(part: Part, form: _Form) -> Iterator[_Line]:
    for batch in part.read():
        for row in batch.to_pylist():
            cells = {
                form.names[title]: row[title] or ""
                for title in part.schema.names
                if title in form.names
            }
            if any(cells.get(name) for name in ("order_id", *INPUTS)):
                yield _Line(row[LINE], row[FAULT], cells, {})


# -- reading the cells -------------------------------------------------------------------------------------------

_DAY = re.compile(r"([0-9]{1,2})月([0-9]{1,2})[日号]")
_TYPES = {"contacted_on": "date", "promised_on": "date", "promised_amount": "money"}


def _typed(lines: Sequence[_Line]) -> Iterator[_Line]:
    """Add the values of the inputs, read as the deliveries are; a value that cannot be read is False."""
    if not lines:
        return
    named = {
        name: pa.array([line.cells.get(name, "") for line in lines], pa.string()) for name in _TYPES
    }
    reads = [
        f"as_{kind}({name}) AS {name}, is_empty({name}) AS no_{name}"
        for name, kind in _TYPES.items()
    ]
    with duckdb.connect() as engine:
        for macro in MACROS:
            engine.execute(f"CREATE MACRO {macro}")
        engine.register("cell", pa.table(named))
        found = engine.sql(f"SELECT {', '.join(reads)} FROM cell").to_arrow_table().to_pylist()
    for line, row in zip(lines, found, strict=True):
        values = {
            name: row[name] if row[name] is not None or row[f"no_{name}"] else False
            for name in _TYPES
        }
        days = [name for name, kind in _TYPES.items() if kind == "date" and values[name] is False]
        values |= {
            name: _day_of_order(line.cells[name], _order_id(line.cells)) or False for name in days
        }
        yield replace(line, values=values)


def _day_of_order(text: str, order_id: str) -> date | None:
    """Read `9月5日` as the first such day since the order's month began; an order is open for less than a year."""
    day = _DAY.fullmatch("".join(unicodedata.normalize("NFKC", text).split()))
    month = ORDER_ID.fullmatch(order_id)
    if not day or not month:
        return None
    year, number = int(month[1]), int(day[1])
    try:
        return date(year if number >= int(month[2]) else year + 1, number, int(day[2]))
    except ValueError:
        return None


@cache
def _words() -> dict[str, Outcome]:
    """Each code by itself and by its words in every language, folded."""
    found = {fold_name(code): outcome for code, outcome in outcomes().items()}
    return found | {fold_name(word): o for o in outcomes().values() for word in o.words.values()}


# -- judging a row -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Judge:
    """What a file's rows are held against."""

    key: bytes
    has: set[str]
    is_csv: bool
    words: Mapping[str, Outcome]
    must_sign: bool

    def row(self, line: _Line) -> ReturnedRow:
        """Return the row with its values, or with the first thing wrong with it."""
        outcome = self.words.get(fold_name(line.cells.get("outcome", "")))
        note = " ".join(line.cells.get("note", "").translate(_MARKS).split())[:NOTE_LIMIT]
        values = {name: value or None for name, value in line.values.items()}
        return ReturnedRow(
            line.number,
            line.cells,
            _order_id(line.cells),
            outcome.code if outcome else "",
            **values,
            note=note,
            is_signed="signature" in self.has,
            refusal=self._form_fault(line)
            or self._origin_fault(line)
            or _answer_fault(line, outcome),
        )

    def _form_fault(self, line: _Line) -> Refusal | None:
        # A wider row has a remark beside the table; only in a CSV its cells may have moved, and a signature would tell.
        if line.fault and (line.fault != RAGGED or (self.is_csv and "signature" not in self.has)):
            return Refusal("broken_row")
        return None if _order_id(line.cells) else Refusal("no_order", "order_id")

    def _origin_fault(self, line: _Line) -> Refusal | None:
        """What is wrong with the office's own cells; of a file without signatures the office compares those it knows."""
        if "row_id" in self.has and line.cells["row_id"].strip() != _order_id(line.cells):
            return Refusal("moved_row", "row_id")
        if "signature" not in self.has:
            return Refusal("unsigned", "signature") if self.must_sign else None
        lost = next((name for name in SIGNED if name not in self.has), None)
        if lost:
            return Refusal("lost_column", lost)
        signed = protected_cells(WORK_LIST_COLUMNS, _as_signed(line.cells))
        if is_signed_by(self.key, signed, line.cells["signature"]):
            return None
        return Refusal("unsigned", "signature") if self.must_sign else Refusal("changed_cell")


def _order_id(cells: Mapping[str, str]) -> str:
    return cells.get("order_id", "").strip()


def _as_signed(cells: Mapping[str, str]) -> dict[str, object]:
    """The protected cells as the signature reads them: a plain number in a date column is a serial day."""
    return {column.name: _plain(column, cells.get(column.name, "")) for column in WORK_LIST_COLUMNS}


def _plain(column: SheetColumn, text: str) -> object:
    plain = text.translate(_MARKS)
    serial = read_number(plain) if column.kind == "date" and text.startswith(EXCEL_SERIAL) else None
    return plain if serial is None else serial


def _answer_fault(line: _Line, outcome: Outcome | None) -> Refusal | None:
    if outcome is None:
        return Refusal(
            "unknown_outcome" if line.cells.get("outcome", "").strip() else "no_outcome", "outcome"
        )
    for name, value in line.values.items():
        is_amount = name == "promised_amount" and value is not None
        if value is False or (is_amount and not 0 < value < _AMOUNT_END):
            return Refusal("bad_amount" if name == "promised_amount" else "bad_date", name)
    for name, is_needed in (
        ("promised_on", outcome.needs_date),
        ("promised_amount", outcome.needs_amount),
    ):
        if is_needed and line.values[name] is None:
            return Refusal("needs", name)
    return None


def input_cells(row: ReturnedRow) -> dict[str, object]:
    """The inputs of a row as they go back to be corrected: values where they could be read, else what was typed."""
    read = {
        "contacted_on": row.contacted_on,
        "promised_amount": row.promised_amount,
        "promised_on": row.promised_on,
    }
    return {name: read.get(name) or row.cells.get(name, "").translate(_MARKS) for name in INPUTS}


def refused(rows: Iterable[ReturnedRow]) -> list[ReturnedRow]:
    """The rows that are not taken."""
    return [row for row in rows if row.refusal]


def file_name(path: Path) -> str:
    """A file's name as it is kept: its last part as it is shown, at most 255 characters."""
    return show_name(path.name)[-255:]
