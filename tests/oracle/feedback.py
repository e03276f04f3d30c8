"""What became of each order, one order after the other in plain Python, from the definitions alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from .read import read_month

Row = dict[str, Any]
IN_NET = ("active", "suspended_arrears", "suspended_request")
TIERS = {"none": 0, "silver": 1, "gold": 2, "diamond": 3}
REACHED_NOT = ("no_answer", "wrong_number", "left_already")
SUCCESS = ("retained", "renewed", "paid", "card_delivered", "redeemed", "claimed", "reactivated", "accepted")
DEBT = ("suspended_reactivation", "arrears", "fixed_arrears", "group_arrears")


class Two:
    """The month an order is of and the month after, as rows by table."""

    def __init__(self, source: Path, before: str, after: str, last_day: date) -> None:
        self.before, self.after = _rows(source, before), _rows(source, after)
        self.first_day, self.last_day = last_day.replace(day=1), last_day
        self.lines_before = {row["service_id"]: row for row in self.before["service"] if row["is_excluded"] is not True}

    def party(self, customer_id: str, month: Mapping[str, list[Row]]) -> set[str]:
        """The customer, and a group's members."""
        members = {r["customer_id"] for r in month["customer"] if r.get("group_customer_id") == customer_id}
        return {customer_id} | members

    def verified(self, order: Row) -> bool | None:
        """Whether the order's purpose is met, None where that cannot be said."""
        if order["list"] in DEBT:
            return self.is_paid(order)
        checks = {
            "renewal": self.is_renewed, "card_issue": self.has_card, "points_redemption": self.has_redeemed,
            "vip_allocation": self.has_manager, "unclaimed": self.has_manager,
        }  # fmt: skip
        return checks.get(order["list"], self.is_kept)(order)

    def is_paid(self, order: Row) -> bool | None:
        """Pay off bill by bill, oldest first, and see what the listed ones got."""
        if not order["amount"]:
            return None
        party = self.party(order["customer_id"], self.before)
        bills = [
            r for r in self.before["receivable"] if r["customer_id"] in party and r["service_id"] in self.lines_before
        ]
        money = [r for r in self.after["payment"] if r["paid_on"] <= order["due_on"]]
        owners = {order["customer_id"]} | {bill["customer_id"] for bill in bills}
        loose = sum(r["amount"] for r in money if r["bill_id"] is None and r["customer_id"] in owners)
        got = 0
        for bill in sorted(bills, key=lambda r: (r["due_on"], r["bill_id"])):
            named = sum(r["amount"] for r in money if r["bill_id"] == bill["bill_id"])
            by_name = min(bill["open_amount"], max(named, 0))
            by_turn = max(min(loose, bill["open_amount"] - by_name), 0)
            loose -= by_turn
            got += by_name + by_turn if self._is_listed(order, bill) else 0
        return bool(got >= order["amount"])

    def _is_listed(self, order: Row, bill: Row) -> bool:
        if bill["due_on"] >= self.first_day:
            return False
        line = self.lines_before[bill["service_id"]]
        if order["list"] == "suspended_reactivation":
            return bool(line["status"] == "suspended_arrears")
        kinds = {"arrears": ("mobile",), "fixed_arrears": ("broadband", "fixed_line", "private_line")}
        return order["list"] not in kinds or line["service_type"] in kinds[order["list"]]

    def is_kept(self, order: Row) -> bool:
        party = self.party(order["customer_id"], self.after)
        lines = [
            r
            for r in self.after["service"]
            if (r["service_id"] == order["service_id"] if order["service_id"] else r["customer_id"] in party)
            and r["is_excluded"] is not True
        ]
        ids = {r["service_id"] for r in lines}
        bills = [r for r in self.after["bill"] if r["service_id"] in ids]
        revenue = sum(r["billed_amount"] + (r.get("adjustment_amount") or 0) for r in bills)
        return any(r["status"] in IN_NET for r in lines) and revenue > 0

    def is_renewed(self, order: Row) -> bool:
        was = next(
            (r["contract_end_on"] for r in self.before["service"] if r["service_id"] == order["service_id"]), None
        )
        line = next((r for r in self.after["service"] if r["service_id"] == order["service_id"]), None)
        if line is None or line["status"] not in IN_NET or line["contract_end_on"] is None:
            return False
        return bool(was is None or line["contract_end_on"] > was)

    def has_card(self, order: Row) -> bool:
        tier = next((TIERS[r["vip_tier"] or "none"] for r in self.after["customer"] if _is_of(r, order)), 0)
        return any(
            _is_of(r, order)
            and r["card_status"] == "valid"
            and TIERS[r["tier"]] >= tier
            and r["delivered_on"] is not None
            and r["delivered_on"] <= self.last_day
            and (r["expires_on"] is None or r["expires_on"] > self.last_day)
            for r in self.after["vip_card"]
        )

    def has_redeemed(self, order: Row) -> bool:
        return any(_is_of(r, order) and (r["points_redeemed"] or 0) > 0 for r in self.after["loyalty"])

    def has_manager(self, order: Row) -> bool:
        here = [
            r
            for r in self.after["ownership"]
            if _is_of(r, order)
            and r["valid_from"] <= self.last_day
            and (r["valid_to"] is None or r["valid_to"] > self.last_day)
        ]
        return bool(here) and max(here, key=lambda r: r["valid_from"])["manager_id"] is not None


def _is_of(row: Row, order: Row) -> bool:
    return bool(row["customer_id"] == order["customer_id"])


def _rows(source: Path, month: str) -> dict[str, list[Row]]:
    """Every table as rows of plain values: money in fen, days as dates, None where nothing stands."""
    tables = {name: frame for name, frame in read_month(source, month).items() if frame is not None}
    found = {name: [_plain(row) for row in frame.to_dict("records")] for name, frame in tables.items()}
    for name in ("payment", "loyalty"):  # not among the tables of the other KPIs
        if name not in found:
            frame = pd.read_parquet(source / month / f"{name}.parquet")
            found[name] = [_plain(row) for row in frame.to_dict("records")]
            for row in found[name]:
                row |= {"amount": int(row["amount"] * 100)} if name == "payment" else {}
    return found


def _plain(row: Mapping[Any, Any]) -> Row:
    return {str(name): _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if value is None or pd.isna(value):
        return None
    return value.date() if isinstance(value, pd.Timestamp) else value


def shares(rows: Iterable[tuple[Row, str | None, bool | None]]) -> dict[str, tuple[int, int]]:
    """Numerator and denominator of the rates over (order, outcome, verified)."""
    treated = [(outcome, verified) for order, outcome, verified in rows if order["arm"] == "treated"]
    reached = [(o, v) for o, v in treated if o is not None and o not in REACHED_NOT]
    known, known_reached = ([v for _, v in group if v is not None] for group in (treated, reached))
    return {
        "contact_rate.reached": (len(reached), len(treated)),
        "success_rate.contacted": (sum(known_reached), len(known_reached)),
        "success_rate.dispatched": (sum(known), len(known)),
        "success_rate.claimed": (sum(o in SUCCESS for o, _ in reached), len(reached)),
    }
