"""The orders that left the house, what was answered, and what the months that look at them say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from tests.oracle.state import Held, MissingError, shift

from .book import Book, Row
from .debts import Opening
from .money import Flow
from .verdicts import ASKED_AGAIN, Look, check_of

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
NOTHING_BEFORE = date.min


class Office:
    """The orders that left the house (and those held out) by their month, and what was answered, in that order.

    What is taken back is looked for among all payments held, or of so many months before the one that looks (`reach`).
    """

    def __init__(self, reach: int | None = None) -> None:
        self.reach = reach
        self.orders: dict[str, list[Row]] = {}
        self.answers: dict[str, list[Row]] = {}
        self._books: dict[str, Book] = {}
        self._openings: dict[str, Opening] = {}
        self._looks: dict[tuple[str, str], Look] = {}
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

    def look(self, held: Held, month: str, after: str) -> Look:
        """The month of an order, and one after it that looks back."""
        if (month, after) not in self._looks:
            opening = self.opening(held, month)
            names = [name for name in held.names if month < name <= after]
            later = [self._book(held, name) for name in names]
            first = shift(after, -self.reach) if self.reach is not None else ""
            known = [self._book(held, name) for name in held.names if name <= after]
            reached = [book for book in known if book.month.name >= first]
            paid = [
                book for book in reached if book in later or book.month.has("payment")
            ]
            flow = Flow(opening, later, paid)
            self._looks[month, after] = Look(opening, self._book(held, after), flow)
        return self._looks[month, after]

    def opening(self, held: Held, month: str) -> Opening:
        """What is open at a month's cut-off."""
        if month not in self._openings:
            self._openings[month] = Opening(self._book(held, month))
        return self._openings[month]

    def _book(self, held: Held, month: str) -> Book:
        if month not in self._books:
            self._books[month] = Book(held.at(month))
        return self._books[month]

    def verdicts(self, held: Held, month: str, after: str) -> Mapping[str, bool | None]:
        """Whether each order of a month met its purpose, as a later month says, by order id.

        What happens once is said by the month after, unless it could not judge yet.
        """
        if (month, after) not in self._verdicts:
            look = self.look(held, month, after)
            first = shift(month, 1)
            once = self.verdicts(held, month, first) if after != first else {}
            self._verdicts[month, after] = {
                order["order_id"]: _told(look, order, once.get(order["order_id"]))
                for order in self.of(month)
            }
        return self._verdicts[month, after]

    def kept(self, held: Held, month: str, after: str) -> Mapping[str, bool]:
        """Whether each order's customer was in Net and billed in a later month, by order id."""
        if (month, after) not in self._kept:
            look = self.look(held, month, after)
            self._kept[month, after] = {
                order["order_id"]: look.is_kept(order) for order in self.of(month)
            }
        return self._kept[month, after]


def _told(look: Look, order: Row, once: bool | None) -> bool | None:
    if once is not None and check_of(order) not in ASKED_AGAIN:
        return once
    return look.verified(order)
