"""What people do to a workbook before they hand it back: one function each, on a filled work list.

An edit gets the sheet and the orders that were filled in, and changes the sheet in place. What it may cost stands in the
benchmark's table, not here: an edit only has to be something that happens in an office, or that a cheat would try.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from pipelines.text.texts import load_labels

WORDS = load_labels("zh")
FULL_WIDTH = str.maketrans("0123456789-", "０１２３４５６７８９－")
Rows = list[list[Any]]


@dataclass
class Page:
    """A filled work list: its sheet, the line of its titles, and which orders say something."""

    sheet: Any
    header: int
    filled: Sequence[str]
    draw: random.Random

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each column stands, counted from one."""
        titles = {str(cell.value): cell.column for cell in self.sheet[self.header]}
        return {name: titles[title] for name, title in WORDS.items() if title in titles}

    @cached_property
    def lines(self) -> dict[str, int]:
        """The line of each order."""
        place = self.places["order_id"]
        return {
            str(self.sheet.cell(i, place).value): i
            for i in range(self.header + 1, self.sheet.max_row + 1)
        }

    def cell(self, order_id: str, name: str) -> Any:
        """An order's cell of a column."""
        return self.sheet.cell(self.lines[order_id], self.places[name])

    def column(self, name: str) -> list[Any]:
        """The cells of a column, from the top."""
        return [
            self.sheet.cell(line, self.places[name]) for line in self.lines.values()
        ]

    def values(self, first: int | None = None) -> Rows:
        """The values of all lines below the titles, or from a line on."""
        return [
            [cell.value for cell in line]
            for line in self.sheet.iter_rows(min_row=first or self.header + 1)
        ]

    def lay(self, rows: Rows, first: int | None = None) -> None:
        """Write rows below the titles, or from a line on."""
        for i, row in enumerate(rows, first or self.header + 1):
            for place, value in enumerate(row, start=1):
                self.sheet.cell(i, place).value = value

    def some(self) -> str:
        """One of the filled orders."""
        return self.draw.choice(list(self.filled))


def leave_alone(page: Page) -> None:
    """Hand it back as it was filled in."""


# -- rows --------------------------------------------------------------------------------------------------------


def sort_rows(page: Page) -> None:
    """Sort all rows, whole."""
    page.lay(page.values()[::-1])


def delete_unfilled_rows(page: Page) -> None:
    """Delete what nobody worked."""
    for order_id in sorted(
        set(page.lines) - set(page.filled), key=page.lines.__getitem__, reverse=True
    ):
        page.sheet.delete_rows(page.lines[order_id])


def duplicate_rows(page: Page) -> None:
    """Copy filled rows to the end."""
    for order_id in list(page.filled)[:3]:
        page.lay(
            [[cell.value for cell in page.sheet[page.lines[order_id]]]],
            page.sheet.max_row + 1,
        )


def put_blank_rows(page: Page) -> None:
    """Leave an empty line after each row."""
    page.lay([line for row in page.values() for line in (row, [None] * len(row))])


def hide_and_filter(page: Page) -> None:
    """Filter rows away, filled ones too."""
    page.sheet.auto_filter.add_filter_column(
        page.places["outcome"] - 1, [WORDS["outcome.paid"]]
    )
    for line in list(page.lines.values())[::2]:
        page.sheet.row_dimensions[line].hidden = True


def split_on_two_sheets(page: Page) -> None:
    """Move the second half to a sheet of one's own, titles copied along."""
    rows, middle = page.values(), len(page.lines) // 2
    titles = [cell.value for cell in page.sheet[page.header]]
    other = page.sheet.parent.create_sheet("下半月")
    for i, row in enumerate([titles, *rows[middle:]], start=1):
        for place, value in enumerate(row, start=1):
            other.cell(i, place).value = value
            form = page.sheet.cell(
                min(page.header + i - 1, page.header + len(rows)), place
            ).number_format
            other.cell(i, place).number_format = form
    page.sheet.delete_rows(page.header + 1 + middle, len(rows) - middle)


def repeat_titles(page: Page) -> None:
    """Repeat the titles in the middle and put a total at the end."""
    titles, rows = [cell.value for cell in page.sheet[page.header]], page.values()
    page.lay([*rows[:2], titles, *rows[2:], ["合计", *[None] * 4, 250]])


# -- columns and titles ------------------------------------------------------------------------------------------


def move_columns(page: Page) -> None:
    """Drag the first columns to the end, with their formats."""
    lines = [
        [(c.value, c.number_format) for c in line]
        for line in page.sheet.iter_rows(min_row=page.header)
    ]
    for i, line in enumerate(lines, page.header):
        for place, (value, form) in enumerate(line[7:] + line[:7], start=1):
            page.sheet.cell(i, place).value = value
            page.sheet.cell(i, place).number_format = form


def hide_and_add_columns(page: Page) -> None:
    """Hide some columns, add one's own."""
    for name in ("action", "script", "evidence"):
        page.sheet.column_dimensions[
            page.sheet.cell(1, page.places[name]).column_letter
        ].hidden = True
    place = page.sheet.max_column + 1
    page.sheet.cell(page.header, place).value = "下次回访"
    for line in list(page.lines.values())[::2]:
        page.sheet.cell(line, place).value = "周三"


def insert_a_column(page: Page) -> None:
    """Insert a column without a title in front, numbered by hand."""
    page.sheet.insert_cols(1)
    for number, line in enumerate(page.lines.values(), start=1):
        page.sheet.cell(line, 1).value = number


def rewrite_titles(page: Page) -> None:
    """Write the titles with blanks, line breaks and full-width brackets."""
    for cell in page.sheet[page.header]:
        text = str(cell.value)
        cell.value = f" {text[:1]}\n{text[1:].replace('（', '(').replace(')', '）')}　"


def insert_lines_on_top(page: Page) -> None:
    """Put a heading of one's own above."""
    page.sheet.insert_rows(1, 2)
    page.sheet["A1"].value = "城关支局 9 月回单（王经理）"


def put_another_sheet_first(page: Page) -> None:
    """Rename the sheet and put one's own statistics, with an outcome column, in front of it."""
    page.sheet.title = "我的表 (2)"
    other = page.sheet.parent.create_sheet("统计", 0)
    other["A1"].value, other["B1"].value = WORDS["outcome"], "户数"
    other["A2"].value, other["B2"].value = WORDS["outcome.paid"], 12


def copy_the_outcome_column(page: Page) -> None:
    """Copy the outcome column, title and all, to the end."""
    place = page.sheet.max_column + 1
    for line in range(page.header, page.sheet.max_row + 1):
        page.sheet.cell(line, place).value = page.sheet.cell(
            line, page.places["outcome"]
        ).value


# -- cells -------------------------------------------------------------------------------------------------------


def write_dates_as_text(page: Page) -> None:
    """Type the days as people do."""
    forms = (
        "{0.year}年{0.month}月{0.day}日",
        "{0:%Y/%m/%d}",
        "{0:%Y%m%d}",
        "{0:%Y-%m-%d}",
    )
    for number, cell in enumerate(
        page.column("contacted_on") + page.column("promised_on")
    ):
        if isinstance(cell.value, date | datetime):
            cell.value, cell.number_format = (
                forms[number % len(forms)].format(cell.value),
                "@",
            )


def write_full_width(page: Page) -> None:
    """Type days and amounts with the input method left in full width."""
    for cell in page.column("contacted_on") + page.column("promised_on"):
        if isinstance(cell.value, date | datetime):
            cell.value, cell.number_format = (
                f"{cell.value:%Y-%m-%d}".translate(FULL_WIDTH),
                "@",
            )
    for cell in page.column("promised_amount"):
        if cell.value is not None:
            cell.value, cell.number_format = (
                f"￥{cell.value}".translate(FULL_WIDTH),
                "@",
            )


def turn_ids_into_numbers(page: Page) -> None:
    """Let the program take phones and ids for numbers, leading letters and zeros lost."""
    for name in ("phone", "customer_id", "service_id"):
        for cell in page.column(name):
            digits = "".join(filter(str.isdigit, str(cell.value or "")))
            if digits:
                cell.value, cell.number_format = int(digits), "0"


def turn_all_into_text(page: Page) -> None:
    """Every cell as its text, as a detour through another program leaves them."""
    for line in page.sheet.iter_rows(min_row=page.header + 1):
        for cell in line:
            if isinstance(cell.value, date | datetime):
                cell.value = f"{cell.value:%Y/%m/%d}"
            elif cell.value is not None:
                cell.value = str(cell.value)
            cell.number_format = "@"


def write_outcomes_by_formula(page: Page) -> None:
    """Fill the outcome by a formula, which a program without a calculator saves without its value."""
    for order_id in page.filled:
        cell = page.cell(order_id, "outcome")
        cell.value = f'="{cell.value}"'


def write_own_outcomes(page: Page) -> None:
    """Say it in one's own words in one row, in English and as a code in others."""
    words = {WORDS[name]: name for name in WORDS if name.startswith("outcome.")}
    for number, order_id in enumerate(page.filled):
        cell = page.cell(order_id, "outcome")
        name = words[cell.value]
        cell.value = (
            f" {load_labels('en')[name].upper()} ",
            name.removeprefix("outcome."),
            "搞定了",
        )[number % 3]


# -- cheats ------------------------------------------------------------------------------------------------------


def sort_inputs_alone(page: Page) -> None:
    """Sort the stretch from outcome to note and leave the rest where it was."""
    rows, first, last = page.values(), page.places["outcome"] - 1, page.places["note"]
    dragged = [row[first:last] for row in rows][::-1]
    page.lay(
        [
            row[:first] + drag + row[last:]
            for row, drag in zip(rows, dragged, strict=True)
        ]
    )


def swap_signatures(page: Page) -> None:
    """Give rows the signature of another."""
    cells = page.column("signature")
    values = [cell.value for cell in cells]
    for cell, value in zip(cells, values[1:] + values[:1], strict=True):
        cell.value = value


def change_office_cells(page: Page) -> None:
    """Put off a due day and lower an amount."""
    page.cell(page.some(), "due_on").value = datetime(2027, 1, 1)
    page.cell(page.some(), "amount").value = 1


def delete_signatures(page: Page) -> None:
    """Delete the hidden column of signatures and take over another's customer."""
    page.cell(page.some(), "customer_id").value = "C0000000001"
    page.sheet.delete_cols(page.places["signature"])


def delete_an_office_column(page: Page) -> None:
    """Delete a column that one does not need."""
    page.sheet.delete_cols(page.places["also_on"])


def forge_a_row(page: Page) -> None:
    """Add an order that was never sent, with an outcome."""
    page.lay(
        [[cell.value for cell in page.sheet[page.lines[page.some()]]]],
        page.sheet.max_row + 1,
    )
    for name in ("order_id", "row_id"):
        page.sheet.cell(
            page.sheet.max_row, page.places[name]
        ).value = "202608-AAAAAAAAAAAA"


def wipe_order_ids(page: Page) -> None:
    """Clear the order's id in one row, keep its outcome."""
    page.cell(page.some(), "order_id").value = None


Edit = Callable[[Page], None]
EDITS: tuple[Edit, ...] = (
    leave_alone, sort_rows, delete_unfilled_rows, duplicate_rows, put_blank_rows, hide_and_filter, split_on_two_sheets,
    repeat_titles, move_columns, hide_and_add_columns, insert_a_column, rewrite_titles, insert_lines_on_top,
    put_another_sheet_first, copy_the_outcome_column, write_dates_as_text, write_full_width, turn_ids_into_numbers,
    turn_all_into_text, write_outcomes_by_formula, write_own_outcomes, sort_inputs_alone, swap_signatures,
    change_office_cells, delete_signatures, delete_an_office_column, forge_a_row, wipe_order_ids,
)  # fmt: skip
