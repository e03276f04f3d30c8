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


FIRST = InstalmentNames(FIRST_AMOUNT, FIRST_DAY)
LATER = (
    InstalmentNames("promised_amount_2", "promised_on_2"),
    InstalmentNames("promised_amount_3", "promised_on_3"),
)


def gather_later(get: Callable[[str], Any]) -> tuple[Instalment, ...]:
    """Return the instalments behind the first; `get` gives the value of a column."""
    found = []
    for names in LATER:
        amount = get(names.amount)
        day = get(names.day)
        if amount is not None and day is not None:
            found.append(Instalment(amount, day))
    return tuple(found)


def spread_later(later: Iterable[Instalment]) -> dict[str, Decimal | date]:
    """Return instalments behind the first by the names of the columns they have."""
    values: dict[str, Decimal | date] = {}
    for names, instalment in zip(LATER, later, strict=False):
        values[names.amount] = instalment.amount
        values[names.day] = instalment.promised_on
    return values
