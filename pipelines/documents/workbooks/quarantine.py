"""The rows of a month that were set aside, as a workbook to send back to the source: a sheet a delivered file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.core.contract import contract
from pipelines.core.errors import UsageError
from pipelines.core.quoting import quote_name, scan_parquet
from pipelines.documents.workbooks.plain_sheet import MOST_ROWS
from pipelines.documents.workbooks.sheet import open_workbook
from pipelines.store.files import replacing
from pipelines.store.lake import Made
from pipelines.text.masking import MASKS, mask_text
from pipelines.text.rules import form_in_words, rule_phrase
from pipelines.text.safe_text import clean_text
from pipelines.text.texts import label, say

OWNER_ONLY = 0o600
QUARANTINE = "snapshot_quarantine"
_FIXED = ("line", "column", "value", "rule", "allowed")
_WIDTHS = (8, 22, 24, 48, 48)
_BATCH = 10_000
_READERS_MARKS = dict.fromkeys(range(0xE000, 0xE003))  # never were in the file
_NOT_IN_A_TAB = re.compile(r"[\[\]:*?/\\']")
_TAB_LENGTH = 31


@dataclass(frozen=True)
class SentBack:
    """The rows of one delivered file that go back to its source."""

    table: str
    file: str
    rows: int


def list_quarantined(made: Made) -> list[SentBack]:
    """Count the rows that were set aside, a line a file."""
    with duckdb.connect() as connection:
        found = connection.execute(
            f'SELECT "table", file, COUNT(*) FROM {scan_parquet(made.table(QUARANTINE))} GROUP BY ALL ORDER BY ALL'
        ).fetchall()
    return [SentBack(table, file or table, rows) for table, file, rows in found]


def write_quarantined(
    made: Made, out: Path, language: str, *, unmasked: bool = False
) -> list[SentBack]:
    """Write a sheet a file: line, column, value and rule, then the whole row; return what was written.

    Raise UsageError for another kind of file than .xlsx and for more rows than a sheet holds.
    """
    if out.suffix != ".xlsx":
        raise UsageError("quarantine.bad_out", file=out.name)
    files = list_quarantined(made)
    too_long = [one for one in files if one.rows > MOST_ROWS]
    if too_long:
        raise UsageError("show.too_long", rows=MOST_ROWS)
    with (
        replacing(out, OWNER_ONLY) as temporary,
        open_workbook(temporary) as book,
        duckdb.connect() as connection,
    ):
        tabs: set[str] = set()
        for one in files:
            sheet = book.add_worksheet(_tab_name(one, tabs))
            names, rows = _read_rows(connection, made, one, unmasked)
            _write_sheet(
                book, sheet, _titles(names, language), _in_words(rows, one, made, language)
            )
    return files


def _tab_name(one: SentBack, taken: set[str]) -> str:
    stem = _NOT_IN_A_TAB.sub("_", one.file).strip() or one.table
    name = stem[:_TAB_LENGTH]
    number = 1
    while name.lower() in taken:
        number += 1
        name = f"{stem[: _TAB_LENGTH - 4]}~{number}"
    taken.add(name.lower())
    return name


# -- reading -----------------------------------------------------------------------------------------------------


def _read_rows(
    connection: duckdb.DuckDBPyConnection, made: Made, one: SentBack, unmasked: bool
) -> tuple[list[str], Iterator[dict[str, Any]]]:
    """The names of a file's own columns, and its rows that were set aside, beside what was wrong with each."""
    raw = f"extract_{one.table}"
    names: list[str] = []
    join, cells = "", ""
    if made.is_computed(raw):
        rows = scan_parquet(made.table(raw))
        described = connection.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()
        names = [row[0] for row in described if not row[0].startswith("_")]
        texts = [
            f"CAST(r.{quote_name(name)} AS VARCHAR) AS {quote_name(f'cell {name}')}"
            for name in names
        ]
        cells = "".join(f", {text}" for text in texts)
        join = f"LEFT JOIN {rows} AS r ON r._file = q.file AND r._line = q.line"
    answer = connection.execute(
        f'SELECT q.line, q."column", q.value, q.rule{cells} FROM {scan_parquet(made.table(QUARANTINE))} AS q {join} '
        'WHERE q."table" = ? AND COALESCE(q.file, q."table") = ? ORDER BY q.line, q."column"',
        [one.table, one.file],
    )
    titles = [column[0] for column in answer.description or ()]
    hidden = set() if unmasked else _personal(one.table, names)
    return names, _each_row(answer, titles, names, hidden)


def _each_row(
    answer: duckdb.DuckDBPyConnection, titles: Sequence[str], names: Sequence[str], hidden: set[str]
) -> Iterator[dict[str, Any]]:
    while batch := answer.fetchmany(_BATCH):
        for values in batch:
            row = dict(zip(titles, values, strict=True))
            for name in names:
                row[f"cell {name}"] = _cell(name, row[f"cell {name}"], name in hidden)
            is_there = row["column"] in names and row["column"] is not None
            row["value"] = row[f"cell {row['column']}"] if is_there else row["value"]
            yield row


def _personal(table: str, names: Sequence[str]) -> set[str]:
    """The columns that may hold personal data: those the contract says, and those that nobody knows."""
    known = contract()[table].columns if table in contract() else ()
    plain = {column.name for column in known if not column.personal}
    return {name for name in names if name not in plain}


def _cell(name: str, value: str | None, is_hidden: bool) -> str | None:
    text = value.translate(_READERS_MARKS) if value is not None else None
    if not is_hidden or text is None:
        return text
    return str(MASKS.get(name, mask_text)(text))


# -- writing -----------------------------------------------------------------------------------------------------


def _titles(names: Sequence[str], language: str) -> list[str]:
    return [label(language, f"quarantine.{name}") for name in _FIXED] + list(names)


def _in_words(
    rows: Iterator[dict[str, Any]], one: SentBack, made: Made, language: str
) -> Iterator[list[object]]:
    """Each row as the cells of its line; rules and what is allowed in words."""
    said: dict[str, str] = {}
    for row in rows:
        rule, column = row["rule"], row["column"]
        if rule not in said:
            said[rule] = str(say(language, rule_phrase(one.table, rule, made.month)))
        known = contract()[one.table].column(column) if column and one.table in contract() else None
        allowed = form_in_words(known, language) if known else ""
        cells = [value for name, value in row.items() if name.startswith("cell ")]
        yield [row["line"], column, row["value"], said[rule], allowed, *cells]


def _write_sheet(
    book: Any, sheet: Any, titles: Sequence[str], rows: Iterator[list[object]]
) -> None:
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.freeze_panes(1, 1)
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width, wrapped)
    sheet.set_column(len(_WIDTHS), max(len(titles) - 1, len(_WIDTHS)), 16)
    for place, title in enumerate(titles):
        sheet.write_string(0, place, clean_text(title), head)
    for line, cells in enumerate(rows, start=1):
        for place, value in enumerate(cells):
            _write_cell(sheet, line, place, value)


def _write_cell(sheet: Any, line: int, place: int, value: object) -> None:
    if isinstance(value, int):
        sheet.write_number(line, place, value)
    elif value is not None and value != "":
        sheet.write_string(line, place, clean_text(value))
