"""A promise to pay in instalments: three dates at most, each with its own amount.

The first stands in the columns of every promise; these are the names of the others', the same in
workbooks, lists and the office database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

FIRST_DAY = "promised_on"
FIRST_AMOUNT = "promised_amount"


class InstalmentNames(NamedTuple):
    """The columns of an instalment."""

    amount: str
    day: str


class Instalment(NamedTuple):
    """What is promised for a day, in yuan."""

    amount: Decimal
    promised_on: date


class SaidInstalment(NamedTuple):
    """What was written of an instalment; None where nothing was."""

    names: InstalmentNames
    amount: Decimal | None
    day: date | None


FIRST = InstalmentNames(FIRST_AMOUNT, FIRST_DAY)
LATER = (
    InstalmentNames("promised_amount_2", "promised_on_2"),
    InstalmentNames("promised_amount_3", "promised_on_3"),
)

DAYS = (FIRST_DAY, *(names.day for names in LATER))
AMOUNTS = (FIRST_AMOUNT, *(names.amount for names in LATER))


def gather_later(get: Callable[[str], Any]) -> tuple[Instalment, ...]:
    """Return the instalments behind the first; `get` gives the value of a column."""
    found = []
    for names in LATER:
        amount = get(names.amount)
        day = get(names.day)
        if amount is not None and day is not None:
            found.append(Instalment(amount, day))
    return tuple(found)


class InstalmentFault(NamedTuple):
    """What is wrong: a message key, and the column that it is about."""

    key: str
    column: str


def find_fault(get: Callable[[str], Any]) -> InstalmentFault | None:
    """Return what is wrong with later instalments: half of one, a gap, a day not later.

    `get` gives the value of a column.
    """
    said = _list_said(get)
    if len(said) < 2:
        return None

    before = date.min
    for one in said:
        if one.amount is None:
            return InstalmentFault("needs", one.names.amount)
        if one.day is None:
            return InstalmentFault("needs", one.names.day)
        if one.day <= before:
            return InstalmentFault("early_instalment", one.names.day)
        before = one.day
    return None


def _list_said(get: Callable[[str], Any]) -> list[SaidInstalment]:
    """Return what was written of the instalments, up to the last of which something was."""
    said = []
    for names in (FIRST, *LATER):
        amount = get(names.amount)
        day = get(names.day)
        said.append(SaidInstalment(names, amount, day))
    while said and said[-1].amount is None and said[-1].day is None:
        said.pop()
    return said


def spread_later(later: Iterable[Instalment]) -> dict[str, Decimal | date]:
    """Return instalments behind the first by the names of the columns they have."""
    values: dict[str, Decimal | date] = {}
    for names, instalment in zip(LATER, later, strict=False):
        values[names.amount] = instalment.amount
        values[names.day] = instalment.promised_on
    return values
