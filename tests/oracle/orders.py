"""KPIs about orders: what managers answered to them, what the months after say of it, and whom an order kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pandas as pd

from .feedback import REACHED_NOT, SUCCESS, Book, Two, covered
from .parts import Given, Part, entries
from .state import Held, MissingError, shift

Row = dict[str, Any]
OrderRule = Callable[..., Part | Given]
HELD_OUT = (
    *(
        "renewal",
        "vip_zero_usage",
        "group_zero_usage",
        "cohort_at_risk",
        "churn_risk",
        "down_migration",
    ),
    *("points_redemption", "activity_invite"),
)
FEWEST = 30  # orders of each arm before anything is said
GRACE = timedelta(days=3)
NOTHING_BEFORE = date.min


class Office:
    """The orders that left the house (and those held out) by their month, and what was answered, in that order."""

    def __init__(self) -> None:
        self.orders: dict[str, list[Row]] = {}
        self.answers: dict[str, list[Row]] = {}
        self._books: dict[str, Book] = {}
        self._verdicts: dict[tuple[str, str], dict[str, bool | None]] = {}
        self._kept: dict[tuple[str, str], dict[str, bool]] = {}

    def add(self, month: str, orders: Iterable[Row], answers: Iterable[Row]) -> None:
        """Add a month's orders with the answers to them, amounts of orders in fen."""
        self.orders[month] = list(orders)
        for row in answers:
            self.answers.setdefault(row["order_id"], []).append(row)

    def of(self, month: str) -> list[Row]:
        """A month's orders; MissingError where none left the house."""
        if month not in self.orders:
            raise MissingError(f"{month}: no orders")
        return self.orders[month]

    def treated(self, month: str) -> list[Row]:
        """Those that somebody was to work on."""
        return [order for order in self.of(month) if order["arm"] == "treated"]

    def standing(self, order: Row, last: date, code: str | None = None) -> Row | None:
        """Of an order's answers (of this code) the last: by the day of contact, of one day the one that came later."""
        known = [
            a
            for a in self.answers.get(order["order_id"], [])
            if (a["contacted_on"] or NOTHING_BEFORE) <= last
            and code in (None, a["outcome"])
        ]
        return max(
            reversed(known),
            key=lambda a: a["contacted_on"] or NOTHING_BEFORE,
            default=None,
        )

    def book(self, held: Held, month: str) -> Book:
        """A month's rows."""
        if month not in self._books:
            self._books[month] = Book(held.at(month).need)
        return self._books[month]

    def two(self, held: Held, before: str, after: str) -> Two:
        """The month of an order and one after it."""
        return Two(
            self.book(held, before), self.book(held, after), held.at(after).last.date()
        )

    def verdicts(self, held: Held, month: str) -> Mapping[str, bool | None]:
        """Whether each order of a month met its purpose in the month after, by order id."""
        after = shift(month, 1)
        if (month, after) not in self._verdicts:
            two = self.two(held, month, after)
            self._verdicts[month, after] = {
                o["order_id"]: two.verified(o) for o in self.of(month)
            }
        return self._verdicts[month, after]

    def kept(self, held: Held, month: str, after: str) -> Mapping[str, bool]:
        """Whether each order's customer was in Net and billed in a later month, by order id."""
        if (month, after) not in self._kept:
            two = self.two(held, month, after)
            self._kept[month, after] = {
                o["order_id"]: two.is_kept(o) for o in self.of(month)
            }
        return self._kept[month, after]


# -- what was reached, and what it was good for --------------------------------------------------------------------


def _said(held: Held, office: Office, order: Row) -> str | None:
    answer = office.standing(order, held.now.last.date())
    return answer["outcome"] if answer else None


def _is_reached(held: Held, office: Office, order: Row) -> bool:
    return _said(held, office, order) not in (None, *REACHED_NOT)


def _rate(orders: Iterable[Row], hits: Callable[[Row], bool | None]) -> Part:
    """How many of these orders, by customer, without those of which nothing can be said."""
    known = [
        (order["customer_id"], hit)
        for order in orders
        if (hit := hits(order)) is not None
    ]
    customers = pd.Index([customer for customer, _ in known], dtype=object)
    return Part(entries(customers, [int(hit) for _, hit in known]), entries(customers))


def reached(held: Held, office: Office) -> Part:
    return _rate(
        office.treated(shift(held.month, -1)),
        lambda order: _is_reached(held, office, order),
    )


def success(variant: str, ago: int) -> OrderRule:
    def rule(held: Held, office: Office) -> Part:
        month = shift(held.month, -ago)
        orders = office.treated(month)
        if variant != "dispatched":
            orders = [order for order in orders if _is_reached(held, office, order)]
        if variant == "claimed":
            return _rate(orders, lambda order: _said(held, office, order) in SUCCESS)
        return _rate(orders, lambda order: _is_verified(held, office, order))

    return rule


def _is_verified(held: Held, office: Office, order: Row) -> bool | None:
    """In Net and billed is asked again of every later month; all else happens once."""
    if Two.check_of(order) == "kept":
        return office.kept(held, order["month"], held.month)[order["order_id"]]
    return office.verdicts(held, order["month"])[order["order_id"]]


def redemption(held: Held, office: Office) -> Part:
    orders = [
        o
        for o in office.treated(shift(held.month, -1))
        if o["list"] == "points_redemption"
    ]
    once = {order["customer_id"]: order for order in orders}
    return _rate(
        once.values(), office.two(held, shift(held.month, -1), held.month).has_redeemed
    )


# -- promises ------------------------------------------------------------------------------------------------------


def promises_kept(held: Held, office: Office) -> Part:
    """Promises whose days of grace end in the month."""
    hits: dict[str, bool] = {}
    due: list[Row] = []
    for month in (shift(held.month, -ago) for ago in (1, 2, 3)):
        for order in office.treated(month):
            promise = office.standing(order, held.now.last.date(), "promised")
            if (
                promise
                and held.now.first.date()
                <= promise["promised_on"] + GRACE
                <= held.now.last.date()
            ):
                hits[order["order_id"]] = _is_promise_kept(held, office, order, promise)
                due.append(order)
    return _rate(due, lambda order: hits[order["order_id"]])


def _is_promise_kept(held: Held, office: Office, order: Row, promise: Row) -> bool:
    """Money from the contact to the end of the days of grace, on what the credits since then have left open."""
    before = office.book(held, order["month"])
    months = [name for name in held.names if name > order["month"]]
    days = (
        promise["contacted_on"] or order["dispatched_on"],
        promise["promised_on"] + GRACE,
    )
    bills = (
        before.open_bills(order["customer_id"]) if order["purpose"] == "debt" else []
    )
    later = [office.book(held, name) for name in months]
    paid = covered(before, later, order, bills, days, off=True)
    return bool(paid >= promise["promised_amount"] * 100)


# -- treated against held out --------------------------------------------------------------------------------------


def _effect(held: Held, office: Office, name: str) -> tuple[Fraction, int] | None:
    """Rate kept of the treated less that of the held out, of all months so far, and how many were treated."""
    rates = []
    for arm in ("treated", "holdout"):
        kept: list[bool] = []
        for month in sorted(m for m in office.orders if m < held.month):
            verdicts = office.kept(held, month, shift(month, 1))
            kept += [
                verdicts[o["order_id"]]
                for o in office.of(month)
                if o["list"] == name and o["arm"] == arm
            ]
        if len(kept) < FEWEST:
            return None
        rates.append((Fraction(sum(kept), len(kept)), len(kept)))
    return rates[0][0] - rates[1][0], rates[0][1]


def effect(name: str) -> OrderRule:
    def rule(held: Held, office: Office) -> Given:
        found = _effect(held, office, name)
        return Given(found[0] if found else None)

    return rule


def effect_overall(held: Held, office: Office) -> Given:
    """The lists that say anything, each by how many of its customers were treated."""
    found = [pair for name in HELD_OUT if (pair := _effect(held, office, name))]
    treated = sum(count for _, count in found)
    return Given(
        sum((value * count for value, count in found), Fraction(0)) / treated
        if treated
        else None
    )


ORDER_RULES: dict[tuple[str, str], OrderRule] = {
    ("contact_rate", "reached"): reached,
    **{
        ("success_rate", name): success(name, 1)
        for name in ("contacted", "dispatched", "claimed")
    },
    **{
        ("success_rate", f"{name}_m3"): success(name, 3)
        for name in ("contacted", "dispatched", "claimed")
    },
    ("points_redemption_rate", "listed"): redemption,
    ("promise_kept_rate", "kept"): promises_kept,
    ("incremental_retention", "overall"): effect_overall,
    **{("incremental_retention", name): effect(name) for name in HELD_OUT},
}
