"""Whether an order met its purpose, as the month says that looks at it."""

from __future__ import annotations

from datetime import date

from .book import Book, Row
from .debts import DEBT, Opening
from .money import Flow

IN_NET = ("active", "suspended_arrears", "suspended_request")
TIERS = {"none": 0, "silver": 1, "gold": 2, "diamond": 3}
# What an order's purpose is met by; of all other lists by who is in Net and billed.
CHECKS = {
    **dict.fromkeys(DEBT, "paid"),
    "renewal": "renewed",
    "card_issue": "card",
    "points_redemption": "redeemed",
    "vip_allocation": "manager",
    "unclaimed": "manager",
    "termination_save": "saved",
    "activity_invite": "attended",
}
KEPT = "kept"
CONTRACT, PROMOTION = "contract_end_on", "promotion_end_on"
ASKED_AGAIN = ("paid", "saved", KEPT)  # by every later month that looks


def check_of(order: Row) -> str:
    """What an order's purpose is met by."""
    return CHECKS.get(order["list"], KEPT)


class Look:
    """The month an order is of, and a month after it that looks at the order."""

    def __init__(self, opening: Opening, after: Book, flow: Flow) -> None:
        self.opening, self.before = opening, opening.book
        self.after, self.flow = after, flow
        self.last_day: date = after.last_day

    def verified(self, order: Row) -> bool | None:
        """Whether the order's purpose is met, None where that cannot be said."""
        checks = {
            "paid": self.is_paid, "renewed": self.is_renewed, "card": self.has_card, "redeemed": self.has_redeemed,
            "manager": self.has_manager, "saved": self.is_saved, "attended": self.has_attended, KEPT: self.is_kept,
        }  # fmt: skip
        return checks[check_of(order)](order)

    # -- debts -------------------------------------------------------------------------------------------------------

    def is_paid(self, order: Row) -> bool | None:
        """Money from the dispatch to the due day has come, and covers what is listed less what was credited."""
        if not order["amount"]:
            return None
        bills = {item["bill_id"] for item in self.opening.listed_of(order)}
        since = order["dispatched_on"]
        paid = self.flow.paid(bills, since, order["due_on"])
        credited = self.flow.credited(bills, since, self.last_day)
        return paid > 0 and paid >= int(order["amount"]) - credited

    # -- lines -------------------------------------------------------------------------------------------------------

    def is_kept(self, order: Row) -> bool:
        """In Net and billed: the line the order names, else any of the customer's and a group's members'."""
        lines = self._lines_of(order)
        in_net = any(line["status"] in IN_NET for line in lines)
        return in_net and self._revenue(lines) > 0

    def is_saved(self, order: Row) -> bool:
        """The line is active and billed."""
        lines = self._lines_of(order)
        is_active = any(line["status"] == "active" for line in lines)
        return is_active and self._revenue(lines) > 0

    def _lines_of(self, order: Row) -> list[Row]:
        if order["service_id"]:
            line = self.after.line(order["service_id"])
            return [line] if line else []
        who = {order["customer_id"]} | self.after.members(order["customer_id"])
        return [line for each in sorted(who) for line in self.after.lines(each)]

    def _revenue(self, lines: list[Row]) -> int:
        bills = [
            bill
            for line in lines
            for bill in self.after.of("bill", "service_id", line["service_id"])
        ]
        return sum(
            int(bill["billed_amount"] + (bill.get("adjustment_amount") or 0))
            for bill in bills
        )

    def is_renewed(self, order: Row) -> bool | None:
        """The contract ends later than it did; of a promotion, it does or the plan is another."""
        was = self.before.line(order["service_id"])
        line = self.after.line(order["service_id"])
        if was is None:
            return False
        if not self.can_judge(order):
            return None
        column = _deciding_end(order, was)
        if line is None or line["status"] not in IN_NET:
            return False
        has_other_plan = line.get("plan_id") != was.get("plan_id")
        is_about_promotion = column == PROMOTION
        return _is_later(line, was, column) or (is_about_promotion and has_other_plan)

    def can_judge(self, order: Row) -> bool:
        """Whether the month may judge an order: not one whose contract or promotion ends after it."""
        line = self.before.line(order["service_id"])
        if order["list"] != "renewal" or line is None:
            return True
        return bool(line[_deciding_end(order, line)] <= self.last_day)

    # -- customers ---------------------------------------------------------------------------------------------------

    def has_card(self, order: Row) -> bool:
        """A good card of the tier is delivered."""
        who = order["customer_id"]
        tiers = [
            TIERS[row["vip_tier"] or "none"]
            for row in self.after.of("customer", "customer_id", who)
        ]
        tier = tiers[0] if tiers else 0
        return any(
            card["card_status"] == "valid"
            and TIERS[card["tier"]] >= tier
            and card["delivered_on"] is not None
            and card["delivered_on"] <= self.last_day
            and (card["expires_on"] is None or card["expires_on"] > self.last_day)
            for card in self.after.of("vip_card", "customer_id", who)
        )

    def has_redeemed(self, order: Row) -> bool:
        """Points were redeemed in the month."""
        rows = self.after.of("loyalty", "customer_id", order["customer_id"])
        return any((row["points_redeemed"] or 0) > 0 for row in rows)

    def has_attended(self, order: Row) -> bool | None:
        """An activity of the month was attended; None where nobody wrote down who came."""
        if not self.after.month.has("activity_guest", "has_attended"):
            return None
        rows = self.after.of("activity_guest", "customer_id", order["customer_id"])
        return any(row.get("has_attended") is True for row in rows)

    def has_manager(self, order: Row) -> bool | None:
        """The owner valid at the cut-off is a manager; None where nobody says who owns whom."""
        if not self.after.month.has("ownership", "manager_id"):
            return None
        here = [
            row
            for row in self.after.of("ownership", "customer_id", order["customer_id"])
            if row["valid_from"] <= self.last_day
            and (row["valid_to"] is None or row["valid_to"] > self.last_day)
        ]
        if not here:
            return False
        newest = max(here, key=lambda row: row["valid_from"])
        return newest["manager_id"] is not None


def _deciding_end(order: Row, line: Row) -> str:
    """Of the ends after the dispatch the earliest decides, of one day the contract's."""
    ends = [
        (line[column], column)
        for column in (CONTRACT, PROMOTION)
        if line.get(column) is not None and line[column] > order["dispatched_on"]
    ]
    return min(ends)[1]


def _is_later(line: Row, was: Row, column: str) -> bool:
    now, then = line.get(column), was.get(column)
    return now is not None and (then is None or now > then)
