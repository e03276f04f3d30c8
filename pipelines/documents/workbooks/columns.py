"""What a sheet of a workbook is made of: columns, cells, rows; and the columns of the work list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pipelines.core.outcomes import load_outcomes

KINDS = frozenset({"text", "choice", "date", "money", "integer", "number", "rate"})


@dataclass(frozen=True)
class Column:
    """One column; its title is `labels[name]`, its width is in letters.

    An input is yellow and open, all else is the office's word. A remark is the office's too, but of
    the moment: no signature covers it. What is folded is signed and out of sight: another sheet of
    the book shows it.
    """

    name: str
    width: int
    kind: str = "text"
    is_input: bool = False
    is_hidden: bool = False
    is_remark: bool = False
    is_folded: bool = False

    def __post_init__(self) -> None:
        """Refuse a kind nobody draws."""
        if self.kind not in KINDS:
            raise ValueError(f"column {self.name}: unknown kind {self.kind!r}")

    @property
    def is_seen(self) -> bool:
        """Say whether a reader sees this column."""
        return not (self.is_hidden or self.is_folded)

    @property
    def is_signed(self) -> bool:
        """Say whether the row's signature covers this column."""
        return not (self.is_input or self.is_hidden or self.is_remark)


@dataclass(frozen=True)
class Cell:
    """A value whose kind is not its column's.

    A KPI table holds rates, amounts and counts in one column.
    """

    kind: str
    value: object


OrderKey = tuple[Any, ...]  # what rows are put in order by
# The cells of a row by the name of their column; columns that a sheet lacks are passed over.
SheetRow = Mapping[str, object]


@dataclass(frozen=True)
class Sheet:
    """One sheet: a line of title, a line of notes, a header, rows.

    Its title is `labels['sheet.' + name]` unless given. `frozen` columns stay when one scrolls
    right: few, or a phone shows nothing else. `choices` are the ranges of drop-downs by column,
    `dates` the first and last day an input date may have. `answer` is the column that, while it is
    empty, has `due_on` coloured by the day. `least_lines` is how tall every row is at least.
    """

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[SheetRow]
    title: str = ""
    note: str = ""
    frozen: int = 0
    is_protected: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    dates: tuple[date, date] | None = None
    answer: str = ""
    least_lines: int = 1


def read_columns(table: str) -> tuple[Column, ...]:
    """Return the columns of a table, a line each: name, width and kind; text where none is said."""
    columns = []
    for line in table.strip().splitlines():
        name, width, *more = line.split()
        kind = more[0] if more else "text"
        columns.append(Column(name, int(width), kind))
    return tuple(columns)


# One sheet for all lists: a customer has one order, a manager works from the top, and on a phone
# tabs are hard to change while a filter on `list_title` is one tap. Due day, name and phone stay in
# view (260 pixels of 390); then why, what to do, and what to fill in. What is only looked up is
# signed here and read on the sheet of the details.
WORK_LIST_COLUMNS = (
    *read_columns("""
        due_on         12  date
        customer_name  10
        phone          15
        list_title     16
    """),
    Column("evidence", 40, is_remark=True),
    *read_columns("""
        amount  11  money
        action  24
    """),
    Column("outcome", 13, "choice", is_input=True),
    # Between the inputs, not beside the ids: who sorts the inputs alone drags it away from its
    # order_id, and is found out.
    Column("row_id", 12, is_hidden=True),
    Column("contacted_on", 12, "date", is_input=True),
    Column("promised_amount", 11, "money", is_input=True),
    Column("promised_on", 12, "date", is_input=True),
    Column("note", 22, is_input=True),
    # Seldom needed, so behind what every answer has.
    Column("promised_amount_2", 11, "money", is_input=True),
    Column("promised_on_2", 12, "date", is_input=True),
    Column("promised_amount_3", 11, "money", is_input=True),
    Column("promised_on_3", 12, "date", is_input=True),
    Column("rank", 6, "integer"),
    Column("reasons", 24, is_folded=True),
    Column("also_on", 14, is_folded=True),
    Column("order_id", 21, is_folded=True),
    Column("customer_id", 14, is_folded=True),
    Column("service_id", 14, is_folded=True),
    Column("signature", 12, is_hidden=True),
)
# What is looked up of an order, on a sheet of its own; `rank` leads from one to the other.
DETAIL_COLUMNS = read_columns("""
    rank            6  integer
    customer_name  10
    phone          13
    script         60
    history        36
    reasons        22
    also_on        14
    order_id       21
    customer_id    14
    service_id     14
""")
# What is printed and written on: an A4 across holds it at the size of the screen. The last two
# columns are for the pen: what came of the call and when, and what was promised.
CALL_SHEET_COLUMNS = read_columns("""
    rank              5  integer
    due_on           12  date
    customer_name     9
    phone            15
    task             21
    evidence         35
    by_hand          21
    promise_by_hand  21
""")

# What goes back to be corrected says first why.
CORRECTED_COLUMNS = (Column("refusal", 30, is_remark=True), *WORK_LIST_COLUMNS)
OUTCOMES = tuple(load_outcomes())

# The steps from last month's revenue to this month's, in the order they are drawn.
STEPS = (
    "base",
    "up_sell",
    "usage",
    "promotion_expiry",
    "down_migration",
    "suspended",
    "voluntary_loss",
    "involuntary_loss",
    "unknown_loss",
    "transferred",
    "credit_note",
    "current",
)
