"""Tables as the command line shows them: a grid of texts, and the first rows of a month's table."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from pipelines.cli.screens.lines import print_line
from pipelines.documents.table_files import TableRow, find_table_name, read_masked_rows
from pipelines.store.lake import Made
from pipelines.text.texts import fill_label
from pipelines.text.units import write_plain_cell

SCREEN_ROWS = 40
_FILE_WIDTH = 160  # of what is no terminal
_BETWEEN = 3  # a line and two blanks
_LEAST_WRAPPED = 18
_NOTHING = {"", "–"}


def draw_grid(
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: Collection[int] = (),
    wrapped: Collection[int] | None = None,
    spare: Sequence[int] = (),
) -> None:
    """Print rows under titles; columns are counted from 0.

    `numbers` are set to the right. Only the `wrapped` columns have more than one line a row (all of
    them where none is said); before a word of the others breaks, the `spare` ones are left out, the
    first of them first. One that says nothing in any row is left out too.
    """
    # Imported here, so that programs do not wait for what draws.
    from rich.console import Console
    from rich.table import Table

    width = None if sys.stdout.isatty() else _FILE_WIDTH
    console = Console(width=width, markup=False)
    shown = list(range(len(titles)))
    if wrapped is not None:
        grid = _Grid(titles, rows, wrapped)
        shown = grid.choose_columns(spare, console.width)

    table = Table(show_edge=False, pad_edge=False)
    for index in shown:
        side: Literal["left", "right"] = "right" if index in numbers else "left"
        is_whole = wrapped is not None and index not in wrapped
        table.add_column(titles[index], justify=side, overflow="fold", no_wrap=is_whole)
    for row in rows:
        table.add_row(*[row[index] for index in shown])
    console.print(table)


@dataclass(frozen=True)
class _Grid:
    """What the columns of a grid are chosen by."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    wrapped: Collection[int]

    def choose_columns(self, spare: Sequence[int], room: int) -> list[int]:
        """Return the columns that say something and that a line has room for."""
        shown = [index for index in range(len(self.titles)) if self._says_any(index)]
        for index in spare:
            if self._measure_line(shown) <= room:
                break
            if index in shown:
                shown.remove(index)
        return shown

    def _says_any(self, index: int) -> bool:
        """Whether a column says something in a row; of no rows every column does."""
        cells = {row[index] for row in self.rows}
        return not cells or not cells <= _NOTHING

    def _measure_line(self, shown: Sequence[int]) -> int:
        """Return how wide a line of columns is at least."""
        widths = [self._measure_column(index) for index in shown]
        return sum(widths) + _BETWEEN * max(len(widths) - 1, 0)

    def _measure_column(self, index: int) -> int:
        """Return how wide a column is at least."""
        from rich.cells import cell_len

        widest = cell_len(self.titles[index])
        for row in self.rows:
            widest = max(widest, cell_len(row[index]))
        if index in self.wrapped:
            return min(widest, _LEAST_WRAPPED)
        return widest


def draw_table(made: Made, table: str, language: str) -> None:
    """Draw the first rows of a table, personal data masked."""
    name = find_table_name(table)
    columns = made.list_columns(name)
    first_rows = list(islice(read_masked_rows(made, table), SCREEN_ROWS))
    draw_first_rows(columns, first_rows, made.count_rows(name), language)


def draw_first_rows(
    names: Sequence[str],
    rows: Sequence[TableRow],
    total: int,
    language: str,
    is_ours: bool = False,
) -> None:
    """Draw as many rows as a screen takes, and say how many there are.

    Columns that are ours have titles in words; those that a table has are called as it has them.
    """
    body = []
    for row in rows[:SCREEN_ROWS]:
        body.append([_format_cell(row[name]) for name in names])
    if is_ours:
        titles = [fill_label(language, name) for name in names]
        draw_grid(titles, body, wrapped=())
    else:
        draw_grid(names, body)
    if total > SCREEN_ROWS:
        print_line(language, "cli.more_rows", rows=total)


def _format_cell(value: object) -> str:
    if value is None:
        return ""
    return str(write_plain_cell(value))
