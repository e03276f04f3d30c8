"""A month's tables as rows of plain values, by an id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pandas as pd

from tests.oracle.state import Month

Row = dict[str, Any]
# Only the columns that a check looks at: a month of a large operator must fit.
NEEDED = {
    "customer": "customer_id customer_type group_customer_id vip_tier",
    "service": (
        "service_id customer_id service_type status contract_end_on promotion_end_on plan_id"
        " is_excluded"
    ),
    "bill": "bill_id service_id customer_id billed_amount adjustment_amount",
    "receivable": "bill_id service_id customer_id open_amount due_on is_disputed",
    "payment": "payment_id customer_id bill_id paid_on amount",
    "adjustment": "bill_id kind adjusted_on amount",
    "prepaid_balance": "customer_id balance_amount",
    "vip_card": "customer_id tier card_status delivered_on expires_on",
    "loyalty": "customer_id points_redeemed",
    "ownership": "customer_id valid_from valid_to manager_id",
    "activity_guest": "customer_id has_attended",
}


class Book:
    """A month's rows: money in fen, days as dates, None where nothing stands."""

    def __init__(self, month: Month) -> None:
        self.month = month
        self.last_day = month.last.date()
        self._kept: dict[tuple[str, str], dict[str, list[Row]]] = {}
        self._kinds: dict[Any, str] | None = None
        self._members: dict[str, set[str]] | None = None

    def rows(self, name: str) -> list[Row]:
        """All rows of a table; MissingError where it is not delivered."""
        frame = self.month.need(name)
        columns = [column for column in NEEDED[name].split() if column in frame]
        return [_plain(row) for row in frame[columns].to_dict("records")]

    def of(self, name: str, by: str, key: str | None) -> list[Row]:
        """The rows of a table in which the column `by` is `key`."""
        if (name, by) not in self._kept:
            found: dict[str, list[Row]] = defaultdict(list)
            for row in self.rows(name):
                if row.get(by) is not None:
                    found[row[by]].append(row)
            self._kept[name, by] = dict(found)
        return self._kept[name, by].get(key or "", [])

    def line(self, service_id: str | None) -> Row | None:
        """The month's service of that id, unless it is excluded: then it is nowhere."""
        rows = self.of("service", "service_id", service_id)
        return next((row for row in rows if _counts(row)), None)

    def lines(self, customer_id: str) -> list[Row]:
        """A customer's services, without the excluded ones."""
        return [r for r in self.of("service", "customer_id", customer_id) if _counts(r)]

    def is_group(self, customer: str) -> bool:
        """Whether a customer is, or was when last known, a group."""
        known = self.month.last_known_customers["customer_type"]
        return bool(known.get(customer) == "group")

    def members(self, group: str) -> set[str]:
        """The customers who belong to a group, or did when they were last known."""
        if self._members is None:
            self._members = defaultdict(set)
            known = self.month.last_known_customers["group_customer_id"].dropna()
            for who, belongs_to in known.items():
                self._members[belongs_to].add(str(who))
        return self._members.get(group, set())

    def kind_of(self, service_id: str) -> str | None:
        """The type of a line, also of one that has ended, as last known; None of an excluded one."""
        if self._kinds is None:
            known = self.month.last_known
            counted = known[~known["is_out"].astype(bool)]
            self._kinds = counted["service_type"].to_dict()
        return self._kinds.get(service_id)


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
