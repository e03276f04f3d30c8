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
    the moment: no signature covers it.
    """

    name: str
    width: int
    kind: str = "text"
    is_input: bool = False
    is_hidden: bool = False
    is_remark: bool = False

    def __post_init__(self) -> None:
        """Refuse a kind nobody draws."""
        if self.kind not in KINDS:
            raise ValueError(f"column {self.name}: unknown kind {self.kind!r}")

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
    `dates` the first and last day an input date may have.
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


def read_columns(table: str) -> tuple[Column, ...]:
    """Return the columns of a table, a line each: name, width and kind; text where none is said."""
    columns = []
    for line in table.strip().splitlines():
        name, width, *more = line.split()
        kind = more[0] if more else "text"
        columns.append(Column(name, int(width), kind))
    return tuple(columns)


# One sheet for all lists: a customer has one order, a manager works from the top, and on a phone
# tabs are hard to change while a filter on `list_title` is one tap. Rank, name and phone stay in
# view (200 pixels of 390); what to say and what to fill in come next; ids, needed only for looking
# up, come last.
WORK_LIST_COLUMNS = (
    *read_columns("""
        rank            6  integer
        customer_name  11
        phone          14
        list_title     12
        reasons        24
        amount         11  money
        due_on         12  date
        action         26
        also_on        14
    """),
    Column("evidence", 44, is_remark=True),
    Column("outcome", 13, "choice", is_input=True),
    # Between the inputs, not beside the ids: who sorts the inputs alone drags it away from its
    # order_id, and is found out.
    Column("row_id", 12, is_hidden=True),
    Column("contacted_on", 12, "date", is_input=True),
    Column("promised_amount", 11, "money", is_input=True),
    Column("promised_on", 12, "date", is_input=True),
    Column("note", 24, is_input=True),
    Column("script", 60, is_remark=True),
    *read_columns("""
        order_id     21
        customer_id  14
        service_id   14
    """),
    Column("signature", 12, is_hidden=True),
)

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
