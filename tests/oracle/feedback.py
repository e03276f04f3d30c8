"""What became of each order, one order after the other in plain Python, from the definitions alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from .read import read_month

Row = dict[str, Any]
IN_NET = ("active", "suspended_arrears", "suspended_request")
TIERS = {"none": 0, "silver": 1, "gold": 2, "diamond": 3}
REACHED_NOT = ("no_answer", "wrong_number", "left_already")
SUCCESS = (
    "retained",
    "renewed",
    "paid",
    "card_delivered",
    "redeemed",
    "claimed",
    "reactivated",
    "accepted",
)
NEEDED = {
    "customer": "customer_id group_customer_id vip_tier",
    "service": "service_id customer_id service_type status contract_end_on is_excluded",
    "bill": "service_id billed_amount adjustment_amount",
    "receivable": "bill_id service_id customer_id open_amount due_on",
    "payment": "customer_id bill_id paid_on amount",
    "adjustment": "bill_id adjusted_on amount",
    "vip_card": "customer_id tier card_status delivered_on expires_on",
    "loyalty": "customer_id points_redeemed",
    "ownership": "customer_id valid_from valid_to manager_id",
}
DEBT = ("suspended_reactivation", "arrears", "fixed_arrears", "group_arrears")


class Book:
    """A month's tables as rows of plain values (money in fen, days as dates, None where nothing stands), by an id."""

    def __init__(self, table: Callable[[str], pd.DataFrame]) -> None:
        self._table = table
        self._kept: dict[tuple[str, str], dict[str, list[Row]]] = {}

    def of(self, name: str, by: str, key: str | None) -> list[Row]:
        """The rows of a table in which the column `by` is `key`."""
        if (name, by) not in self._kept:
            self._kept[name, by] = self._index(name, by)
        return self._kept[name, by].get(key or "", [])

    def _index(self, name: str, by: str) -> dict[str, list[Row]]:
        """Only the columns that a check looks at: a month of a large operator must fit."""
        frame = self._table(name)
        rows = frame[[c for c in NEEDED[name].split() if c in frame]].to_dict("records")
        found: dict[str, list[Row]] = defaultdict(list)
        for row in map(_plain, rows):
            if row.get(by) is not None:
                found[row[by]].append(row)
        return dict(found)

    def line(self, service_id: str | None) -> Row | None:
        """The service of that id, unless it is excluded: then it is nowhere."""
        return next(
            (r for r in self.of("service", "service_id", service_id) if _counts(r)),
            None,
        )

    def lines(self, customer_id: str) -> list[Row]:
        """A customer's services, without the excluded ones."""
        return [r for r in self.of("service", "customer_id", customer_id) if _counts(r)]

    def party(self, customer_id: str) -> list[str]:
        """The customer, and a group's members."""
        members = {
            r["customer_id"]
            for r in self.of("customer", "group_customer_id", customer_id)
        }
        return sorted({customer_id} | members)

    def open_bills(self, customer_id: str) -> list[Row]:
        """What the customer's party owes, oldest first."""
        rows = [
            r
            for who in self.party(customer_id)
            for r in self.of("receivable", "customer_id", who)
        ]
        return sorted(
            (r for r in rows if self.line(r["service_id"])),
            key=lambda r: (r["due_on"], r["bill_id"]),
        )


class Two:
    """The month an order is of and the month after."""

    def __init__(self, before: Book, after: Book, last_day: date) -> None:
        self.before, self.after, self.last_day = before, after, last_day

    def verified(self, order: Row) -> bool | None:
        """Whether the order's purpose is met, None where that cannot be said."""
        checks = {
            "paid": self.is_paid, "renewed": self.is_renewed, "card": self.has_card, "redeemed": self.has_redeemed,
            "manager": self.has_manager, "kept": self.is_kept,
        }  # fmt: skip
        return checks[self.check_of(order)](order)

    @staticmethod
    def check_of(order: Row) -> str:
        """What an order's purpose is met by."""
        if order["list"] in DEBT:
            return "paid"
        checks = {
            "renewal": "renewed", "card_issue": "card", "points_redemption": "redeemed", "vip_allocation": "manager",
            "unclaimed": "manager",
        }  # fmt: skip
        return checks.get(order["list"], "kept")

    def is_paid(self, order: Row) -> bool | None:
        """Pay off bill by bill, oldest first, and see what the listed ones got."""
        if not order["amount"]:
            return None
        bills = self.before.open_bills(order["customer_id"])
        return covered(
            self.before, [self.after], order, bills, (date.min, order["due_on"])
        ) >= int(order["amount"])

    def is_kept(self, order: Row) -> bool:
        """In Net and billed: the line the order names, else any of the customer's and a group's members'."""
        book = self.after
        if order["service_id"]:
            line = book.line(order["service_id"])
            lines = [line] if line else []
        else:
            lines = [
                line
                for who in book.party(order["customer_id"])
                for line in book.lines(who)
            ]
        bills = [
            bill
            for line in lines
            for bill in book.of("bill", "service_id", line["service_id"])
        ]
        revenue = sum(
            r["billed_amount"] + (r.get("adjustment_amount") or 0) for r in bills
        )
        return any(r["status"] in IN_NET for r in lines) and revenue > 0

    def is_renewed(self, order: Row) -> bool:
        was = next(
            (
                r["contract_end_on"]
                for r in self.before.of("service", "service_id", order["service_id"])
            ),
            None,
        )
        line = self.after.line(order["service_id"])
        if (
            line is None
            or line["status"] not in IN_NET
            or line["contract_end_on"] is None
        ):
            return False
        return bool(was is None or line["contract_end_on"] > was)

    def has_card(self, order: Row) -> bool:
        who = order["customer_id"]
        tier = next(
            (
                TIERS[r["vip_tier"] or "none"]
                for r in self.after.of("customer", "customer_id", who)
            ),
            0,
        )
        return any(
            r["card_status"] == "valid"
            and TIERS[r["tier"]] >= tier
            and r["delivered_on"] is not None
            and r["delivered_on"] <= self.last_day
            and (r["expires_on"] is None or r["expires_on"] > self.last_day)
            for r in self.after.of("vip_card", "customer_id", who)
        )

    def has_redeemed(self, order: Row) -> bool:
        rows = self.after.of("loyalty", "customer_id", order["customer_id"])
        return any((r["points_redeemed"] or 0) > 0 for r in rows)

    def has_manager(self, order: Row) -> bool:
        here = [
            r
            for r in self.after.of("ownership", "customer_id", order["customer_id"])
            if r["valid_from"] <= self.last_day
            and (r["valid_to"] is None or r["valid_to"] > self.last_day)
        ]
        return (
            bool(here)
            and max(here, key=lambda r: r["valid_from"])["manager_id"] is not None
        )


def covered(
    before: Book,
    later: Sequence[Book],
    order: Row,
    bills: Sequence[Row],
    days: tuple[date, date],
    off: bool = False,
) -> int:
    """Fen that money of these days has paid on the bills the order is about; `off`: credits take from what is open."""
    money = [(book, days) for book in later]
    owners = {order["customer_id"]} | {bill["customer_id"] for bill in bills}
    loose = sum(
        r["amount"]
        for who in owners
        for r in _paid(money, "customer_id", who)
        if r["bill_id"] is None
    )
    got = 0
    for bill in bills:
        open_amount = max(
            bill["open_amount"] + (_credit(later, bill, days[1]) if off else 0), 0
        )
        named = sum(r["amount"] for r in _paid(money, "bill_id", bill["bill_id"]))
        by_name = min(open_amount, max(named, 0))
        by_turn = max(min(loose, open_amount - by_name), 0)
        loose -= by_turn
        got += by_name + by_turn if _is_listed(before, order, bill) else 0
    return int(got)


def _paid(
    money: Iterable[tuple[Book, tuple[date, date]]], by: str, key: str
) -> Iterator[Row]:
    for book, (first, last) in money:
        yield from (
            r for r in book.of("payment", by, key) if first <= r["paid_on"] <= last
        )


def _credit(later: Iterable[Book], bill: Row, last: date) -> int:
    """What was taken off the bill after the cut-off it was open at; nothing where no credits are delivered."""
    rows = [
        r for book in later for r in book.of("adjustment", "bill_id", bill["bill_id"])
    ]
    return sum(int(r["amount"]) for r in rows if r["adjusted_on"] <= last)


def _is_listed(before: Book, order: Row, bill: Row) -> bool:
    """Past due at the cut-off, and of the kind that the list is about."""
    if str(bill["due_on"])[:7] > str(order["month"]):
        return False
    line = before.line(bill["service_id"])
    assert line is not None
    if order["list"] == "suspended_reactivation":
        return bool(line["status"] == "suspended_arrears")
    kinds = {
        "arrears": ("mobile",),
        "fixed_arrears": ("broadband", "fixed_line", "private_line"),
    }
    return order["list"] not in kinds or line["service_type"] in kinds[order["list"]]


def read_book(source: Path, month: str) -> Book:
    """The book of a month of a source; a table that is not delivered has no rows."""
    tables = read_month(source, month)

    def table(name: str) -> pd.DataFrame:
        frame = tables[name]
        return pd.DataFrame() if frame is None else frame

    return Book(table)


def _counts(line: Row) -> bool:
    return line.get("is_excluded") is not True


def _plain(row: Mapping[Any, Any]) -> Row:
    return {str(name): _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    if pd.isna(value):
        return None
    return value.date() if isinstance(value, pd.Timestamp) else value


def shares(
    rows: Iterable[tuple[Row, str | None, bool | None]],
) -> dict[str, tuple[int, int]]:
    """Numerator and denominator of the rates over (order, outcome, verified)."""
    treated = [
        (outcome, verified)
        for order, outcome, verified in rows
        if order["arm"] == "treated"
    ]
    reached = [(o, v) for o, v in treated if o is not None and o not in REACHED_NOT]
    known, known_reached = (
        [v for _, v in group if v is not None] for group in (treated, reached)
    )
    return {
        "contact_rate.reached": (len(reached), len(treated)),
        "success_rate.contacted": (sum(known_reached), len(known_reached)),
        "success_rate.dispatched": (sum(known), len(known)),
        "success_rate.claimed": (sum(o in SUCCESS for o, _ in reached), len(reached)),
    }
