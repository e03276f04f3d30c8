"""The rows of the lists beside what the oracle says of them: who is on, for how much, due when, and whom nobody calls.

So is what each line owes, by age and by what may be collected of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.store.lake import Version
from tests.oracle.kpis import THETA
from tests.oracle.orders.debts import DEBT, Opening
from tests.oracle.orders.lists import blocked, dispatch_date, members
from tests.oracle.orders.office import Office
from tests.oracle.state import Held
from tests.proof.answers import orders_of, rows_of

Row = dict[str, Any]
Found = tuple[str, Any, Any]  # what, as expected, as it is


def compare_lists(
    version: Version, source: Path, months: Sequence[str], office: Office
) -> Iterator[Found]:
    """Set everything the oracle says of a month's lists beside the month's own."""
    month = str(version.month)
    held = Held(source, list(months), month, THETA)
    orders = orders_of(version)
    why_not = rows_of(version, "dispatch_why_not")
    yield from _compare_members(held, office, [*orders, *why_not])
    yield from _compare_blocked(held, office, orders, why_not)
    yield from _compare_ageing(version, office.opening(held, month))
    opening, goes_out = office.opening(held, month), dispatch_date(month)
    for order in orders:
        name = f"{month} {order['list']} {order['customer_id']}"
        yield f"{name} dispatched_on", goes_out, order["dispatched_on"]
        yield f"{name} due after it", True, order["due_on"] >= goes_out
        if order["list"] in DEBT:
            amount = opening.amount(opening.listed_of(order))
            yield f"{name} amount", amount, order["amount"] or 0


def _compare_members(
    held: Held, office: Office, rows: Sequence[Row]
) -> Iterator[Found]:
    for name, expected in members(held, office).items():
        actual = {row["customer_id"] for row in rows if row["list"] == name}
        for who in sorted(expected | actual):
            yield f"{held.month} {name} {who}", who in expected, who in actual


def _compare_blocked(
    held: Held, office: Office, orders: Sequence[Row], why_not: Sequence[Row]
) -> Iterator[Found]:
    expected = blocked(held, office)
    reasons = set(expected.values()) | {"do_not_contact", "wrong_number"}
    for row in why_not:
        code = row["reason"] if row["reason"] in reasons else None
        what = f"{held.month} why not {row['list']} {row['customer_id']}"
        yield what, expected.get(row["customer_id"]), code
    for order in orders:
        what = f"{held.month} may be called {order['customer_id']}"
        yield what, None, expected.get(order["customer_id"])


def _compare_ageing(version: Version, opening: Opening) -> Iterator[Found]:
    expected = opening.ageing()
    rows = rows_of(version, "features_arrears")
    actual = {(row["service_id"], row["customer_id"]): row for row in rows}
    for key in sorted(expected.keys() | actual.keys()):
        row = actual.get(key, {})
        told = {
            name.removesuffix("_amount"): int(value * 100)
            for name, value in row.items()
            if name.endswith("_amount") and value and name != "past_due_amount"
        }
        parts = {name: fen for name, fen in expected.get(key, {}).items() if fen}
        yield f"{version.month} owed {' '.join(key)}", parts, told


def differing(found: Sequence[Found]) -> pd.DataFrame:
    """What is not as expected."""
    wrong = [row for row in found if row[1] != row[2]]
    return pd.DataFrame(wrong, columns=["what", "expected", "actual"])
