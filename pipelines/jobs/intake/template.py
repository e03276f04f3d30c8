"""An empty delivery, to be filled in.

A header a table, one workbook with all of them, an example that is read, a mapping to fill in.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.catalogue.contract_texts import (
    EXAMPLE_MONTH,
    ColumnText,
    load_contract_texts,
)
from pipelines.core.contract import Column, Table, load_contract
from pipelines.core.errors import StorageError, UsageError
from pipelines.documents.workbooks.sheet import open_workbook
from pipelines.jobs.intake.synonyms import code_synonyms
from pipelines.sources.operator.mapping import MAPPING_FILE, list_code_values

WORKBOOK = "delivery.xlsx"
EXAMPLE = "example"
_MADE_ON = datetime(2026, 1, 1)  # fixed: the same form is the same file
# Characters of a workbook's column.
_LEAST_WIDTH = 14
_FULL_WIDTH = 40
_EXAMPLE_ROWS = 2
_BYTE_ORDER_MARK = "\ufeff"


def write_template(folder: Path) -> list[Path]:
    """Write the form into a folder and return its files.

    Raise UsageError where that would overwrite one.
    """
    texts = dict(_draw_text_files())
    paths = [folder / name for name in (*texts, WORKBOOK)]
    for path in paths:
        if path.exists():
            raise UsageError("template.there", file=path)

    try:
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        _write_workbook(folder / WORKBOOK)
    except OSError as error:
        where = error.filename or folder
        raise StorageError("storage.failed", where=where, why=error.strerror) from error

    return paths


def _draw_text_files() -> Iterator[tuple[str, str]]:
    """Yield (name, content) of each file but the workbook."""
    tables = load_contract().values()
    for table in tables:
        yield f"{table.name}.csv", _draw_csv(table, rows=0)

    folder = f"{EXAMPLE}/{EXAMPLE_MONTH}"
    for table in tables:
        yield f"{folder}/{table.name}.csv", _draw_csv(table, rows=_EXAMPLE_ROWS)

    yield MAPPING_FILE, draw_mapping_form()


def _draw_csv(table: Table, rows: int) -> str:
    """Return a file as Excel opens it (UTF-8 with BOM).

    It has the Chinese headers above the contract's names, and some rows of examples.
    """
    texts = load_contract_texts()[table.name].columns
    names = [column.name for column in table.columns]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([texts[name].header for name in names])
    writer.writerow(names)
    for row in range(rows):
        writer.writerow([texts[name].examples[row] for name in names])
    return _BYTE_ORDER_MARK + out.getvalue()


# -- the workbook ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Formats:
    """The formats of the workbook's cells; xlsxwriter comes without types."""

    text: Any
    meaning: Any
    optional: Any
    required: Any

    @classmethod
    def add_to(cls, book: Any) -> _Formats:
        """Make them in a workbook."""
        text = {"num_format": "@"}
        meaning = {"text_wrap": True, "valign": "top", "font_color": "#555555"}
        optional = {"bold": True, "num_format": "@", "bottom": 1}
        required = {**optional, "bg_color": "#FFE699"}
        return cls(
            text=book.add_format(text),
            meaning=book.add_format(meaning),
            optional=book.add_format(optional),
            required=book.add_format(required),
        )


def _write_workbook(path: Path) -> None:
    """Write a sheet a table: meanings, Chinese headers, the contract's names, two example rows.

    Every cell is text.
    """
    with open_workbook(str(path)) as book:
        book.set_properties({"created": _MADE_ON})
        formats = _Formats.add_to(book)
        for table in load_contract().values():
            sheet = book.add_worksheet(table.name)
            sheet.freeze_panes(4, 1)
            for position, column in enumerate(table.columns):
                _write_column(sheet, position, table, column, formats)


def _write_column(
    sheet: Any, position: int, table: Table, column: Column, formats: _Formats
) -> None:
    """Write a column of a sheet: what it means, what it is called, two examples."""
    texts = load_contract_texts()[table.name].columns[column.name]
    name_format = formats.optional
    if column.required:
        name_format = formats.required

    width = _measure_width(column, texts)
    sheet.set_column(position, position, width, formats.text)
    for row, language in enumerate(("zh", "en")):
        meaning = _add_values(column, texts.meaning[language])
        sheet.write_string(row, position, meaning, formats.meaning)

    sheet.write_string(2, position, texts.header, formats.text)
    sheet.write_string(3, position, column.name, name_format)
    for row, value in enumerate(texts.examples, start=4):
        sheet.write_string(row, position, value, formats.text)


def _measure_width(column: Column, texts: ColumnText) -> int:
    """Return how wide a column must be for all but its meaning, within limits."""
    # A Chinese character is as wide as two Latin ones.
    widths = [len(column.name), 2 * len(texts.header)]
    widths += [len(value) for value in texts.examples]
    wanted = max(widths) + 2
    return min(max(wanted, _LEAST_WIDTH), _FULL_WIDTH)


def _add_values(column: Column, meaning: str) -> str:
    """Put the values that a column may have behind its meaning."""
    if not column.values:
        return meaning
    values = " | ".join(column.values)
    return f"{meaning}: {values}"


# -- the mapping -----------------------------------------------------------------------------------

_MAPPING_HEAD = (
    "# 把 # 去掉并改成您自己的名称；不写的按约定读取。说明：docs/delivery.zh-CN.md",
    "# Take the # away where your names are others; "
    "what is not named is read as the contract has it: docs/delivery.md",
    f"# 所有表放在一个工作簿里时，每张表写 file: {WORKBOOK}。 "
    "For all tables in one workbook, give each table that file.",
)


def draw_mapping_form() -> str:
    """Return a mapping with every line of it commented out.

    It is filled in where an operator's names are others.
    """
    lines = list(_MAPPING_HEAD)
    for table in load_contract().values():
        lines.append("")
        lines += _draw_table(table)
    return "\n".join(lines) + "\n"


def _draw_table(table: Table) -> Iterator[str]:
    """Yield the lines of a table: its file, its columns and its codes."""
    texts = load_contract_texts()[table.name]
    title_zh = texts.title["zh"]
    title_en = texts.title["en"]
    yield f"#{table.name}:  # {title_zh} · {title_en}"
    yield f"#  file: {title_zh}_*.csv"

    yield "#  columns:"
    for column in table.columns:
        text = texts.columns[column.name]
        meaning_zh = text.meaning["zh"]
        meaning_en = text.meaning["en"]
        meaning = f"{meaning_zh} · {meaning_en}"
        yield f"#    {text.header}: {column.name}  # {meaning}"

    yield from _draw_codes(table)


def _draw_codes(table: Table) -> Iterator[str]:
    """Yield by column what operators call each value, the first of its synonyms."""
    coded = [column for column in table.columns if column.values]
    if coded:
        yield "#  codes:"

    for column in coded:
        yield f"#    {column.name}:"
        own_codes: dict[str, str] = {}
        for code, value in code_synonyms(column):
            own_codes.setdefault(value, code)
        for value in list_code_values(column):
            own_code = own_codes.get(value, value)
            yield f"#      {own_code}: {value}"
