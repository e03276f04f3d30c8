"""What is open at a cut-off, what money in hand leaves of it, and what the debt lists say of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from .book import Book, Row

DEBT = ("suspended_reactivation", "arrears", "fixed_arrears", "group_arrears")
FIXED = ("broadband", "fixed_line", "private_line")


AGES = {
    "aged_0_30": 30,
    "aged_31_60": 60,
    "aged_61_90": 90,
    "aged_91_180": 180,
    "aged_181_365": 365,
}  # days past due, at most


def _age_of(book: Book, row: Row) -> str:
    days = (book.last_day - row["due_on"]).days
    if days < 0:
        return "not_due"
    return next((name for name, most in AGES.items() if days <= most), "aged_over_365")


class Opening:
    """The bills open at a month's cut-off, oldest first; `left` is what money in hand leaves of each, in fen."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.items = sorted(
            book.rows("receivable"), key=lambda row: (row["due_on"], row["bill_id"])
        )
        self.left = {row["bill_id"]: int(row["open_amount"]) for row in self.items}
        self._listed: dict[str, dict[str, list[Row]]] = {}
        self._set_off_money_in_hand()

    def _set_off_money_in_hand(self) -> None:
        month = self.book.month
        if not month.has("prepaid_balance"):
            return
        if not month.has("receivable", "is_disputed"):
            return
        rows = self.book.rows("prepaid_balance")
        in_hand = {row["customer_id"]: int(row["balance_amount"]) for row in rows}
        for row in self.items:
            if self.is_past_due(row):
                hand = max(in_hand.get(row["customer_id"], 0), 0)
                taken = min(hand, self.left[row["bill_id"]])
                self.left[row["bill_id"]] -= taken
                in_hand[row["customer_id"]] = hand - taken

    def ageing(self) -> dict[tuple[str, str], dict[str, int]]:
        """What each line's owner owes on it, in fen: by age, in dispute, covered by money in hand, and not due."""
        found: dict[tuple[str, str], dict[str, int]] = {}
        for row in self.items:
            if self.book.kind_of(row["service_id"]) is None:
                continue
            mine = found.setdefault((row["service_id"], row["customer_id"]), {})
            fen = int(row["open_amount"])
            is_late = row["due_on"] <= self.book.last_day
            parts = {"open": fen, _age_of(self.book, row): fen}
            if row.get("is_disputed"):
                parts["disputed"] = fen
            elif is_late:
                left = self.left[row["bill_id"]]
                parts |= {"collectable": left, "in_hand": fen - left}
            else:
                parts["pending"] = fen
            for name, part in parts.items():
                mine[name] = mine.get(name, 0) + part
        return found

    def takes_any_money(self, row: Row) -> bool:
        """Whether an item takes money that does not name it."""
        is_known = self.book.kind_of(row["service_id"]) is not None
        return is_known and not row.get("is_disputed")

    def is_past_due(self, row: Row) -> bool:
        """Whether an undisputed item is past due."""
        return bool(row["due_on"] <= self.book.last_day) and self.takes_any_money(row)

    def listed(self, name: str) -> list[Row]:
        """The items that a debt list is about, of whoever owes them."""
        return [row for rows in self._by_customer(name).values() for row in rows]

    def listed_of(self, order: Row) -> list[Row]:
        """The items that an order of a debt list is about: a customer's, or a group's and its members'."""
        who, customer = {order["customer_id"]}, order["customer_id"]
        if order["list"] == "group_arrears":
            own = who if self.book.is_group(customer) else set()
            who = own | self.book.members(customer)
        items = self._by_customer(order["list"])
        return [row for each in sorted(who) for row in items.get(each, ())]

    def _by_customer(self, name: str) -> dict[str, list[Row]]:
        if name not in self._listed:
            found: dict[str, list[Row]] = defaultdict(list)
            for row in self.items:
                is_left = self.is_past_due(row) and self.left[row["bill_id"]] > 0
                if is_left and self._is_of_list(name, row["service_id"]):
                    found[self._listed_under(name, row)].append(row)
            self._listed[name] = dict(found)
        return self._listed[name]

    def _listed_under(self, name: str, row: Row) -> str:
        """Whose item it is on a list: who owes it; of a suspended line, whatever it owes, who has the line."""
        line = self.book.line(row["service_id"])
        if name == "suspended_reactivation" and line is not None:
            return str(line["customer_id"])
        return str(row["customer_id"])

    def amount(self, items: Collection[Row]) -> int:
        """Fen that is left of these."""
        return sum(self.left[item["bill_id"]] for item in items)

    def _is_of_list(self, name: str, service_id: str) -> bool:
        if name == "suspended_reactivation":
            line = self.book.line(service_id)
            return line is not None and line["status"] == "suspended_arrears"
        kind = self.book.kind_of(service_id)
        kinds = {"arrears": ("mobile",), "fixed_arrears": FIXED}
        return name not in kinds or kind in kinds[name]
