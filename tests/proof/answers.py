"""Random answers to real orders: every code, none, one or several an order, dated at every edge, taken back as a CSV.

Some are answers of other lists: they must be refused, and count for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from console.database import open_office
from pipelines.core.month import Month
from pipelines.core.outcomes import GRACE_DAYS, LAST_CHECK
from pipelines.jobs.run import Job
from pipelines.returns.filled import read_return
from pipelines.store.lake import Version

Row = dict[str, Any]
COLUMNS = ["order_id", "outcome", "contacted_on", "promised_amount", "promised_on"]
COMMON = ("call_back", "refused", "no_answer", "left_already")
RARE = ("do_not_contact", "wrong_number")  # nobody calls there again
DEBT = ("paid", *["promised"] * 6)  # debts are promised often
STAYING = ("retained", "accepted")
OWN = {
    "suspended_reactivation": (*DEBT, "reactivated"), "arrears": DEBT, "fixed_arrears": DEBT, "group_arrears": DEBT,
    "renewal": ("renewed",), "card_issue": ("card_delivered",), "points_redemption": ("redeemed",),
    "vip_allocation": ("claimed",), "unclaimed": ("claimed",), "activity_invite": ("accepted",),
    **dict.fromkeys(
        ("termination_save", "vip_zero_usage", "group_zero_usage", "churn_risk", "cohort_at_risk", "down_migration"),
        STAYING,
    ),
}  # fmt: skip
FOREIGN = sorted({code for codes in OWN.values() for code in codes})


def orders_of(version: Version) -> list[Row]:
    """Both arms of a month's orders, amounts in fen."""
    return [
        {**row, "amount": None if row["amount"] is None else int(row["amount"] * 100)}
        for row in rows_of(version, "dispatch_order")
    ]


def rows_of(version: Version, table: str) -> list[Row]:
    """A table of a month, with None where nothing stands."""
    return _rows(pd.read_parquet(version.table(table), dtype_backend="pyarrow"))


def _rows(frame: pd.DataFrame) -> list[Row]:
    plain = frame.astype(object)
    return [
        {str(k): v for k, v in row.items()}
        for row in plain.where(plain.notna(), None).to_dict("records")
    ]


def answer(job: Job, orders: Sequence[Row], seed: int) -> list[Row]:
    """Answer the orders that left the house at random, have the office take the answers, and return those in order.

    Answers that the order's list does not take go with them and are left out here.
    """
    drawer = _Drawer(job.month, seed)
    said = [
        row
        for order in orders
        if order["arm"] == "treated"
        for row in drawer.answers(order)
    ]
    frame = pd.DataFrame(said, columns=COLUMNS).drop_duplicates()
    path = job.home / "answers.csv"
    frame.to_csv(path, index=False, na_rep="")
    lists = {order["order_id"]: order["list"] for order in orders}
    taken = [
        row for row in _rows(frame) if is_taken(lists[row["order_id"]], row["outcome"])
    ]
    _take(job, path, len(taken))
    return taken


def is_taken(name: str, code: str) -> bool:
    """Whether a list takes an answer."""
    return code in (*COMMON, *RARE, *OWN[name])


def _take(job: Job, path: Path, count: int) -> None:
    open_office(job.home, job.settings)
    from console.returns import take_answers_back  # Django must have been started

    receipt = take_answers_back(read_return(path, job.settings.key), "proof")
    if receipt.accepted != count:
        raise ValueError(
            f"{job.month}: {receipt.accepted} of {count} answers taken, {receipt.refused[:3]}"
        )


class _Drawer:
    """Answers to one month's orders."""

    def __init__(self, month: Month, seed: int) -> None:
        self.random = np.random.default_rng([seed, 3, month.first_day.toordinal()])
        self.last = month.plus(LAST_CHECK).last_day
        ends = [month.plus(n).last_day for n in range(1, LAST_CHECK + 1)]
        self.days = [day + timedelta(days=n) for day in ends for n in (0, 1)]
        self.promises = [
            day - timedelta(days=GRACE_DAYS - n) for day in ends for n in (0, 1)
        ]

    def one(self, values: Sequence[Any]) -> Any:
        """Draw one of these."""
        return values[int(self.random.integers(0, len(values)))]

    def answers(self, order: Row) -> Iterator[Row]:
        """Nobody answers a fifth of the orders."""
        for _ in range(self.one((0, 1, 1, 2, 3))):
            yield self._answer(order, self._code(order["list"]))

    def _code(self, name: str) -> str:
        chance = self.random.random()
        if chance < 0.02:
            return str(self.one(RARE))
        if chance < 0.05:
            return str(self.one(FOREIGN))
        return str(self.one((*COMMON, *OWN[name])))

    def _answer(self, order: Row, code: str) -> Row:
        first = order["dispatched_on"]
        contacted = self._day(first, self.days, self.last, 40)
        contacted = self.one((None, contacted, contacted, contacted))
        row = {
            "order_id": order["order_id"],
            "outcome": code,
            "contacted_on": contacted,
        }
        begin, end = contacted or first, self.last - timedelta(days=GRACE_DAYS)
        if code != "promised":
            return row
        if begin > end:
            return {**row, "outcome": "call_back"}
        return {
            **row,
            "promised_amount": self._amount(order),
            "promised_on": self._day(begin, self.promises, end, 30),
        }

    def _day(self, first: date, edges: Sequence[date], last: date, span: int) -> date:
        """Draw a day between two, near the first or at an edge."""
        near = first + timedelta(days=int(self.random.integers(0, span)))
        day: date = self.one((near, near, self.one(edges)))
        return min(max(day, first), last)

    def _amount(self, order: Row) -> Decimal:
        fen = order["amount"] or 8900
        return (
            Decimal(max(self.one((fen, fen, fen - 1, fen + 1, fen // 2, fen * 2)), 1))
            / 100
        )
