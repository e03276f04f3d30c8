"""An empty delivery: a header a table, one workbook with all of them, an example that is read, a mapping to fill in."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pipelines.catalogue.contract_texts import EXAMPLE_MONTH, contract_texts
from pipelines.core.contract import Column, Table, contract
from pipelines.core.errors import StorageError, UsageError
from pipelines.documents.workbooks.sheet import open_workbook
from pipelines.jobs.intake.synonyms import code_synonyms
from pipelines.sources.operator.mapping import MAPPING, code_values

WORKBOOK = "delivery.xlsx"
EXAMPLE = "example"
_MADE_ON = datetime(2026, 1, 1)  # fixed: the same form is the same file
_FULL_WIDTH = 40  # characters: a column is at most so wide


def write_template(folder: Path) -> list[Path]:
    """Write the form into a folder and return its files; raise UsageError where that would overwrite one."""
    files = dict(_texts())
    paths = [folder / name for name in (*files, WORKBOOK)]
    there = next((path for path in paths if path.exists()), None)
    if there is not None:
        raise UsageError("template.there", file=there)
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        _write_workbook(folder / WORKBOOK)
    except OSError as error:
        raise StorageError(
            "storage.failed", where=error.filename or folder, why=error.strerror
        ) from error
    return paths


def _texts() -> Iterator[tuple[str, str]]:
    for table in contract().values():
        yield f"{table.name}.csv", _draw_csv(table, rows=0)
    for table in contract().values():
        yield f"{EXAMPLE}/{EXAMPLE_MONTH}/{table.name}.csv", _draw_csv(table, rows=2)
    yield MAPPING, draw_mapping_form()


def _draw_csv(table: Table, rows: int) -> str:
    """Return a file with the Chinese headers above the contract's names, as Excel opens it (UTF-8 with BOM)."""
    texts = contract_texts()[table.name].columns
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([texts[column.name].header for column in table.columns])
    writer.writerow([column.name for column in table.columns])
    for place in range(rows):
        writer.writerow([texts[column.name].examples[place] for column in table.columns])
    return f"\ufeff{out.getvalue()}"


def _write_workbook(path: Path) -> None:
    """Write a sheet a table: meanings, Chinese headers, the contract's names, two example rows; every cell is text."""
    with open_workbook(str(path)) as book:
        book.set_properties({"created": _MADE_ON})
        text = book.add_format({"num_format": "@"})
        wrapped = book.add_format({"text_wrap": True, "valign": "top", "font_color": "#555555"})
        plain = book.add_format({"bold": True, "num_format": "@", "bottom": 1})
        required = book.add_format(
            {"bold": True, "num_format": "@", "bottom": 1, "bg_color": "#FFE699"}
        )
        for table in contract().values():
            sheet = book.add_worksheet(table.name)
            sheet.freeze_panes(4, 1)
            for place, column in enumerate(table.columns):
                said = contract_texts()[table.name].columns[column.name]
                width = max(
                    len(column.name), 2 * len(said.header), *(len(value) for value in said.examples)
                )
                sheet.set_column(place, place, min(max(width + 2, 14), _FULL_WIDTH), text)
                sheet.write_string(0, place, _meaning(column, said.meaning["zh"]), wrapped)
                sheet.write_string(1, place, _meaning(column, said.meaning["en"]), wrapped)
                sheet.write_string(2, place, said.header, text)
                sheet.write_string(3, place, column.name, required if column.required else plain)
                for row, value in enumerate(said.examples):
                    sheet.write_string(4 + row, place, value, text)


def _meaning(column: Column, meaning: str) -> str:
    return f"{meaning}: {' | '.join(column.values)}" if column.values else meaning


def draw_mapping_form() -> str:
    """Return a mapping with every line of it commented out: it is filled in where an operator's names are others."""
    lines = [
        "# 把 # 去掉并改成您自己的名称；不写的按约定读取。说明：docs/delivery.zh-CN.md",
        "# Take the # away where your names are others; what is not named is read as the contract has it: docs/delivery.md",
        f"# 所有表放在一个工作簿里时，每张表写 file: {WORKBOOK}。 For all tables in one workbook, give each table that file.",
    ]
    for table in contract().values():
        said = contract_texts()[table.name]
        lines += ["", f"#{table.name}:  # {said.title['zh']} · {said.title['en']}"]
        lines += [f"#  file: {said.title['zh']}_*.csv", "#  columns:"]
        for column in table.columns:
            text = said.columns[column.name]
            lines.append(
                f"#    {text.header}: {column.name}  # {text.meaning['zh']} · {text.meaning['en']}"
            )
        lines += list(_draw_codes(table))
    return "\n".join(lines) + "\n"


def _draw_codes(table: Table) -> Iterator[str]:
    coded = [column for column in table.columns if column.values]
    if coded:
        yield "#  codes:"
    for column in coded:
        yield f"#    {column.name}:"
        for value in code_values(column):
            own = next((code for code, name in code_synonyms(column) if name == value), value)
            yield f"#      {own}: {value}"
