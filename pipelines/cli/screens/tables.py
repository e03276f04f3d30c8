"""Tables as the command line shows them: a grid of texts, and the first rows of a month's table."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from itertools import islice
from typing import Literal

from pipelines.cli.screens.lines import print_line
from pipelines.documents.table_files import TableRow, find_table_file, read_masked_rows
from pipelines.store.lake import Made
from pipelines.store.rows import count_rows, list_columns
from pipelines.text.units import write_plain_cell

SCREEN_ROWS = 40


def draw_grid(
    titles: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[int] = ()
) -> None:
    """Print rows under titles; `numbers` are the columns set to the right, counted from 0."""
    # Imported here, so that programs do not wait for what draws.
    from rich.console import Console
    from rich.table import Table

    table = Table(show_edge=False, pad_edge=False)
    for index, title in enumerate(titles):
        side: Literal["left", "right"] = "right" if index in numbers else "left"
        table.add_column(title, justify=side, overflow="fold")
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else 160
    Console(width=width, markup=False).print(table)


def draw_table(made: Made, table: str, language: str) -> None:
    """Draw the first rows of a table, personal data masked."""
    file = find_table_file(made, table)
    first_rows = list(islice(read_masked_rows(made, table), SCREEN_ROWS))
    draw_first_rows(list_columns(file), first_rows, count_rows(file), language)


def draw_first_rows(
    names: Sequence[str], rows: Sequence[TableRow], total: int, language: str
) -> None:
    """Draw as many rows as a screen takes, and say how many there are."""
    body = []
    for row in rows[:SCREEN_ROWS]:
        body.append([_format_cell(row[name]) for name in names])
    draw_grid(names, body)
    if total > SCREEN_ROWS:
        print_line(language, "cli.more_rows", rows=total)


def _format_cell(value: object) -> str:
    if value is None:
        return ""
    return str(write_plain_cell(value))
