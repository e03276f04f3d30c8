"""Money received, net of what was taken back, and the bills it goes to, day by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any

from .book import Book, Row
from .debts import Opening

CLOSING = ("credit_note", "write_off")  # what is prepaid was set off before any payment


def left_of_payments(rows: Iterable[Row]) -> list[Row]:
    """The payments, less what later rows took back, in order of the day.

    A negative one takes back the latest payments by its day that name its bill, and what is over
    of it its customer's latest of any kind.
    """
    in_order = sorted(rows, key=lambda row: (row["paid_on"], row["payment_id"]))
    by_bill: dict[str, list[Row]] = defaultdict(list)
    by_customer: dict[str, list[Row]] = defaultdict(list)
    payments = []
    for row in in_order:
        if row["amount"] > 0:
            payment = dict(row)
            payments.append(payment)
            by_customer[row["customer_id"]].append(payment)
            if row["bill_id"] is not None:
                by_bill[row["bill_id"]].append(payment)
    for row in in_order:
        if row["amount"] < 0:
            over = -int(row["amount"])
            for kept in (
                by_bill[row["bill_id"] or ""],
                by_customer[row["customer_id"]],
            ):
                over = _take_back(kept, row["paid_on"], over)
    return [payment for payment in payments if payment["amount"]]


def _take_back(payments: Sequence[Row], day: date, fen: int) -> int:
    """Take so much from the latest payments by a day; return what is left to take."""
    for payment in reversed(payments):
        if fen and payment["paid_on"] <= day:
            taken = min(fen, payment["amount"])
            payment["amount"] -= taken
            fen -= taken
    return fen


class Flow:
    """The bills open at one cut-off, and what goes to them until a later one."""

    def __init__(
        self, opening: Opening, later: Sequence[Book], ever: Sequence[Book]
    ) -> None:
        """`later` are the months after the opening; `ever` all whose payments are known."""
        self.begin, self.last_day = opening.book.last_day, later[-1].last_day
        self.left = dict(opening.left)
        self._open_by_turn: dict[str, list[str]] = defaultdict(list)
        for row in opening.items:
            if opening.takes_any_money(row):
                self._open_by_turn[row["customer_id"]].append(row["bill_id"])
        self._add_new_bills(later)
        self._went: dict[str, list[tuple[date, int]]] = defaultdict(list)
        self._credits: dict[str, list[tuple[date, int]]] = defaultdict(list)
        self._run(later, ever)

    def paid(self, bills: Collection[str], first: date, last: date) -> int:
        """Fen that payments of these days brought to these bills."""
        return _sum_between(self._went, bills, first, last)

    def credited(self, bills: Collection[str], first: date, last: date) -> int:
        """Fen that credit notes of these days took off these bills, above 0."""
        return _sum_between(self._credits, bills, first, last)

    def _add_new_bills(self, later: Sequence[Book]) -> None:
        """Money that names a bill of a later month is that bill's."""
        for book in later:
            for row in book.rows("bill"):
                fen = row["billed_amount"] + (row.get("adjustment_amount") or 0)
                self.left.setdefault(row["bill_id"], max(int(fen), 0))

    def _run(self, later: Sequence[Book], ever: Sequence[Book]) -> None:
        """Let credits and payments take place; of one day the credits first."""
        begin, end = self.begin, self.last_day
        known = [row for book in ever for row in book.rows("payment")]
        dated = [row for row in _each_once(known) if row["paid_on"] <= end]
        events: list[tuple[date, int, str, Row]] = [
            (row["paid_on"], 1, row["payment_id"], row)
            for row in left_of_payments(dated)
            if row["paid_on"] > begin
        ]
        for book in later:
            for row in book.rows("adjustment"):
                if begin < row["adjusted_on"] <= end:
                    events.append((row["adjusted_on"], 0, row["bill_id"], row))
        for day, is_payment, _, row in sorted(events, key=lambda event: event[:3]):
            if is_payment:
                self._pay(day, row)
            else:
                self._credit(day, row)

    def _credit(self, day: date, row: Row) -> None:
        bill, off = row["bill_id"], -int(row["amount"])
        if row["kind"] in CLOSING and bill in self.left:
            self.left[bill] = max(self.left[bill] - off, 0)
        if row["kind"] == "credit_note":
            self._credits[bill].append((day, off))

    def _pay(self, day: date, row: Row) -> None:
        rest = int(row["amount"])
        if row["bill_id"] in self.left:
            rest = self._bring(row["bill_id"], day, rest)
        for bill in self._open_by_turn.get(row["customer_id"], ()):
            if rest:
                rest = self._bring(bill, day, rest)

    def _bring(self, bill: str, day: date, fen: int) -> int:
        """Bring money to a bill as far as it is open; return what is over."""
        taken = int(min(self.left[bill], fen))
        if taken:
            self.left[bill] -= taken
            self._went[bill].append((day, taken))
        return fen - taken


def _each_once(rows: Iterable[Row]) -> list[Row]:
    """The rows without those that another month delivered already, all of it the same."""
    once = {tuple(sorted(row.items(), key=lambda cell: cell[0])): row for row in rows}
    return list(once.values())


def _sum_between(
    amounts: dict[str, list[tuple[date, int]]],
    bills: Collection[str],
    first: date,
    last: date,
) -> int:
    each: list[Any] = [pair for bill in bills for pair in amounts.get(bill, ())]
    return sum(fen for day, fen in each if first <= day <= last)
