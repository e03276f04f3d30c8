"""The rows of a month that were set aside, as a workbook to send back to the source.

A sheet a delivered file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.core.contract import load_contract
from pipelines.core.errors import UsageError
from pipelines.core.quoting import quote_name, scan_parquet
from pipelines.documents.plain_sheet import MOST_ROWS
from pipelines.documents.table_files import HIDDEN
from pipelines.documents.workbooks.sheet import open_workbook
from pipelines.store.files import replacing
from pipelines.store.lake import Made
from pipelines.store.persons.vault import ORIGINS, is_sealed, open_rows
from pipelines.text.masking import MASKS, mask_text
from pipelines.text.rules import describe_form, find_rule_phrase
from pipelines.text.safe_text import clean_text
from pipelines.text.texts import fill_label, say_fact

OWNER_ONLY = 0o600
QUARANTINE = "snapshot_quarantine"
# The columns that stand before the row's own, with their widths in letters.
_FIXED_WIDTHS = {"line": 8, "column": 22, "value": 24, "rule": 48, "allowed": 48}
_OWN_WIDTH = 16
_BATCH_ROWS = 10_000
_READERS_MARKS = dict.fromkeys(range(0xE000, 0xE003))  # never were in the file
_NOT_IN_A_TAB = re.compile(r"[\[\]:*?/\\']")
_TAB_LENGTH = 31

_COUNT_BY_FILE = """
    SELECT "table", file, COUNT(*)
    FROM {quarantine}
    GROUP BY ALL
    ORDER BY ALL
"""
_ROWS_OF_FILE = """
    SELECT q.line, q."column", q.value, q.rule{cells}
    FROM {quarantine} AS q {join}
    WHERE q."table" = ? AND COALESCE(q.file, q."table") = ?
    ORDER BY q.line, q."column"
"""
_JOIN_RAW = "LEFT JOIN {raw} AS r ON r._file = q.file AND r._line = q.line"


@dataclass(frozen=True)
class SentBack:
    """The rows of one delivered file that go back to its source."""

    table: str
    file: str
    rows: int


@dataclass(frozen=True)
class _WrongRow:
    """A row that was set aside: what was wrong with it, and its own cells.

    Personal ones are masked.
    """

    line: int | None
    column: str | None
    value: str | None
    rule: str
    cells: Sequence[str | None]


def list_quarantined(made: Made) -> list[SentBack]:
    """Count the rows that were set aside, a line a file."""
    quarantine = scan_parquet(made.table(QUARANTINE))
    select = _COUNT_BY_FILE.format(quarantine=quarantine)
    with duckdb.connect() as connection:
        found = connection.execute(select).fetchall()
    return [SentBack(table, file or table, rows) for table, file, rows in found]


def write_quarantined(
    made: Made, out: Path, language: str, *, unmasked: bool = False
) -> list[SentBack]:
    """Write a sheet a file: line, column, value and rule, then the whole row.

    Return what was written. Raise UsageError for another kind of file than .xlsx and for more rows
    than a sheet holds.
    """
    if out.suffix != ".xlsx":
        raise UsageError("quarantine.bad_out", file=out.name)

    files = list_quarantined(made)
    if any(one.rows > MOST_ROWS for one in files):
        raise UsageError("show.too_long", rows=MOST_ROWS)

    with (
        replacing(out, OWNER_ONLY) as temporary,
        open_workbook(temporary) as book,
        duckdb.connect() as connection,
    ):
        tabs: set[str] = set()
        for one in files:
            names = _list_own_columns(connection, made, one.table)
            titles = _list_fixed_titles(language) + names
            rows = _read_rows(connection, made, one, names, unmasked)
            lines = _build_lines(rows, one, made, language)
            sheet = book.add_worksheet(_name_tab(one, tabs))
            _write_sheet(book, sheet, titles, lines)

    return files


def _list_fixed_titles(language: str) -> list[str]:
    """Return the titles of the columns that say what is wrong."""
    return [fill_label(language, f"quarantine.{name}") for name in _FIXED_WIDTHS]


def _name_tab(one: SentBack, taken: set[str]) -> str:
    """Return a name for a file's sheet that no other has; it is added to those taken."""
    stem = _NOT_IN_A_TAB.sub("_", one.file).strip() or one.table
    name = stem[:_TAB_LENGTH]
    number = 1
    while name.lower() in taken:
        number += 1
        name = f"{stem[: _TAB_LENGTH - 4]}~{number}"
    taken.add(name.lower())
    return name


# -- reading -----------------------------------------------------------------------------------


def _list_own_columns(
    connection: duckdb.DuckDBPyConnection, made: Made, table: str
) -> list[str]:
    """Return the columns of a delivered table as it was read; none where it was not kept."""
    raw_table = f"extract_{table}"
    if not made.is_computed(raw_table):
        return []
    scan = scan_parquet(made.table(raw_table))
    described = connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
    names = [name for name, *_ in described]
    # What begins with an underscore the readers have put beside the row.
    return [name for name in names if not name.startswith("_")]


def _read_rows(
    connection: duckdb.DuckDBPyConnection,
    made: Made,
    one: SentBack,
    names: Sequence[str],
    unmasked: bool,
) -> Iterator[_WrongRow]:
    """Yield a file's rows that were set aside, beside what was wrong with each."""
    join = ""
    cells = ""
    raw_table = f"extract_{one.table}"
    if made.is_computed(raw_table):
        raw = scan_parquet(made.table(raw_table))
        join = _JOIN_RAW.format(raw=raw)
        for name in names:
            cells += f", CAST(r.{quote_name(name)} AS VARCHAR)"

    quarantine = scan_parquet(made.table(QUARANTINE))
    select = _ROWS_OF_FILE.format(cells=cells, quarantine=quarantine, join=join)
    answer = connection.execute(select, [one.table, one.file])

    hidden: set[str] = set()
    if not unmasked:
        hidden = _find_personal_columns(one.table, names)
    while batch := answer.fetchmany(_BATCH_ROWS):
        for values in _open_sealed(made, raw_table, batch, names):
            yield _make_row(values, names, hidden)


def _open_sealed(
    made: Made, raw_table: str, batch: Sequence[Sequence[Any]], names: Sequence[str]
) -> Iterator[list[Any]]:
    """Yield the answer's rows with what was sealed of them in its places."""
    origin = ORIGINS.get(raw_table)
    # What is allowed is said of no row.
    fixed = len(_FIXED_WIDTHS)
    own = fixed - 1
    rows = []
    for values in batch:
        cells = values[own:]
        row = dict(zip(names, cells, strict=True))
        rows.append(row)

    if origin is not None and origin.subject in names:
        open_rows(made, raw_table, rows)
    for values, row in zip(batch, rows, strict=True):
        told = values[:own]
        yield [*told, *row.values()]


def _make_row(
    values: Sequence[Any], names: Sequence[str], hidden: set[str]
) -> _WrongRow:
    """Return a row of the answer; the wrong value as it was delivered, where its cell is known."""
    line, column, value, rule, *texts = values
    cells = []
    for name, text in zip(names, texts, strict=True):
        is_hidden = name in hidden
        cells.append(_clean_cell(name, text, is_hidden))

    if column in names:
        # As it was delivered, masked as its cell is.
        value = cells[names.index(column)]
    return _WrongRow(line, column, value, rule, cells)


def _find_personal_columns(table: str, names: Sequence[str]) -> set[str]:
    """Return the columns that may hold personal data.

    Those the contract says, and those that nobody knows.
    """
    contract_table = load_contract().get(table)
    if contract_table is None:
        return set(names)
    plain = {column.name for column in contract_table.columns if not column.personal}
    return set(names) - plain


def _clean_cell(name: str, value: str | None, is_hidden: bool) -> str | None:
    """Return a cell without the readers' marks, masked where it is personal."""
    if value is None:
        return None
    if is_sealed(value):
        return HIDDEN
    text = value.translate(_READERS_MARKS)
    if not is_hidden:
        return text
    mask = MASKS.get(name, mask_text)
    return str(mask(text))


# -- writing -----------------------------------------------------------------------------------


def _build_lines(
    rows: Iterator[_WrongRow], one: SentBack, made: Made, language: str
) -> Iterator[list[object]]:
    """Yield each row as the cells of its line; rules and what is allowed in words."""
    rule_words: dict[str, str] = {}
    for row in rows:
        if row.rule not in rule_words:
            phrase = find_rule_phrase(one.table, row.rule, made.month)
            rule_words[row.rule] = str(say_fact(language, phrase))

        allowed = _describe_allowed(one.table, row.column, language)
        what_is_wrong = [
            row.line,
            row.column,
            row.value,
            rule_words[row.rule],
            allowed,
        ]
        yield [*what_is_wrong, *row.cells]


def _describe_allowed(table: str, column: str | None, language: str) -> str:
    """Say what the contract allows in a column; empty of a column that it does not know."""
    contract_table = load_contract().get(table)
    if contract_table is None or not column:
        return ""
    known = contract_table.column(column)
    if known is None:
        return ""
    return describe_form(known, language)


def _write_sheet(
    book: Any, sheet: Any, titles: Sequence[str], lines: Iterator[list[object]]
) -> None:
    """Write header and lines; the columns that say what is wrong are wide."""
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.freeze_panes(1, 1)
    for index, width in enumerate(_FIXED_WIDTHS.values()):
        sheet.set_column(index, index, width, wrapped)
    first_own = len(_FIXED_WIDTHS)
    last_own = max(len(titles) - 1, first_own)
    sheet.set_column(first_own, last_own, _OWN_WIDTH)

    for index, title in enumerate(titles):
        sheet.write_string(0, index, clean_text(title), head)
    for line, cells in enumerate(lines, start=1):
        for index, value in enumerate(cells):
            _write_cell(sheet, line, index, value)


def _write_cell(sheet: Any, line: int, column: int, value: object) -> None:
    """Write a value as what it is: a line as a number, all else as text."""
    if isinstance(value, int):
        sheet.write_number(line, column, value)
    elif value is not None and value != "":
        sheet.write_string(line, column, clean_text(value))
