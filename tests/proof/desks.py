"""What the random histories need beyond bills, so that orders are made of them: desks, points, money and activities.

Drawn apart from `histories`, so that a seed's histories stay what they were before there were orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines.core.month import Month
from tests.proof.histories import BRANCHES, MANAGERS

Frame = pd.DataFrame
CAPACITIES = (0, 2, 30)  # places of a desk; the fourth kind grows with the operator
POINTS = (0, 999, 1000, 1001, 5000)
OWED = ["bill_id", "customer_id", "open_amount"]
REDEEMED = (None, 0, 0, 1, 500)


def write_desks(source: Path, months: Sequence[Month], seed: int) -> None:
    """Add managers, activities, points, payments, credits and promotions to histories that are written."""
    draw = _Draw(seed)
    opens: list[Frame] = []  # what was open at this cut-off and those before
    for month in months:
        folder = source / str(month)
        people = pd.read_parquet(folder / "customer.parquet")["customer_id"]
        service = pd.read_parquet(folder / "service.parquet")
        opens = [pd.read_parquet(folder / "receivable.parquet")[OWED], *opens][:4]
        tables = {
            "account_manager": draw.managers(len(service)), "activity": draw.activities(month),
            "loyalty": draw.points(people, month), "payment": draw.payments(opens, people, month),
            "adjustment": draw.credits(opens, month), "service": draw.promoted(service, month),
        }  # fmt: skip
        for name, frame in tables.items():
            frame.to_parquet(folder / f"{name}.parquet", index=False)


class _Draw:
    """The tables of a month, drawn."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng([seed, 2])

    def pick(self, values: Sequence[Any], count: int) -> np.ndarray:
        """Draw from a list of values, each as likely."""
        pool = np.empty(len(values), dtype=object)
        pool[:] = list(values)
        return pool[self.random.integers(0, len(values), count)]

    def some(self, frame: Frame, share: float) -> Frame:
        """Draw whom something happens to."""
        return frame[self.random.random(len(frame)) < share].reset_index(drop=True)

    def day(self, month: Month) -> date:
        """Draw a day of the month, its ends more often."""
        whole = month.first_day + timedelta(
            days=int(self.random.integers(0, month.last_day.day))
        )
        days = (month.first_day, month.last_day, whole, whole, whole, whole)
        drawn: date = self.pick(days, 1)[0]
        return drawn

    def managers(self, services: int) -> Frame:
        """Desks of every size, some of nobody's; a branch's customers may be with a manager of another."""
        return Frame({
            "manager_id": [f"M{n:03d}" for n in range(MANAGERS)], "name": "m",
            "branch_id": [f"B{n:02d}" for n in self.random.integers(0, BRANCHES, MANAGERS)],
            "capacity": self.pick((*CAPACITIES, max(services // 100, 10)), MANAGERS).astype(int),
            "is_active": self.random.random(MANAGERS) < 0.9,
        })  # fmt: skip

    def activities(self, month: Month) -> Frame:
        """Of one branch or of all, with too few seats, enough, none or nobody knows how many."""
        return Frame({
            "activity_id": [f"E{month}-{n}" for n in range(8)], "kind": "club", "name": "x",
            "held_on": [self.day(month.plus(1)) for _ in range(8)],
            "branch_id": self.pick([None, *(f"B{n:02d}" for n in range(BRANCHES))], 8),
            "seats": pd.array(self.pick((None, 0, 5, 100_000), 8), dtype="Int64"),
        })  # fmt: skip

    def points(self, people: pd.Series, month: Month) -> Frame:
        """A balance at the lowest reward and beside it; redeemed none, some or unknown."""
        count = len(people)
        edges = (
            None,
            month.last_day,
            month.plus(1).first_day,
            month.plus(1).last_day,
            date(2030, 1, 1),
        )
        frame = Frame({
            "customer_id": people, "points_balance": self.pick(POINTS, count).astype(int),
            "points_expire_on": self.pick(edges, count), "is_barred": self.pick((True, False, None), count),
            "points_redeemed": pd.array(self.pick(REDEEMED, count), dtype="Int64"),
        })  # fmt: skip
        return self.some(frame, 0.85)

    def payments(
        self, opens: Sequence[Frame], people: pd.Series, month: Month
    ) -> Frame:
        """Money for bills that are open, or were in the three months before, by name or not: all, a fen less, more, half."""
        shares = zip(opens, (0.1, 0.5, 0.15, 0.1), strict=False)
        named = [self._paid(self.some(frame, share)) for frame, share in shares]
        owed = [
            Frame(
                frame.groupby("customer_id", as_index=False)["open_amount"].agg(_total)
            )
            for frame in opens[1:3]
        ]
        loose = [
            self._paid(self.some(frame, 0.4)).assign(bill_id=None) for frame in owed
        ]
        strange = Frame(
            {
                "customer_id": self.pick(list(people), 20),
                "bill_id": "nobody's",
                "amount": "89.00",
            }
        )
        rows = pd.concat([strange, *named, *loose], ignore_index=True)
        return rows.assign(
            payment_id=[f"Y{month}-{n}" for n in range(len(rows))],
            paid_on=[self.day(month) for _ in range(len(rows))],
        )

    def _paid(self, owed: Frame) -> Frame:
        fen = owed["open_amount"].map(_fen).to_numpy(int)
        kinds = self.random.integers(0, 6, len(fen))
        paid = np.select(
            [kinds < 3, kinds == 3, kinds == 4],
            [fen, np.maximum(fen - 1, 1), fen * 2],
            fen // 2 + 1,
        )
        return owed.drop(columns="open_amount").assign(amount=[_yuan(f) for f in paid])

    def credits(self, opens: Sequence[Frame], month: Month) -> Frame:
        """Credit notes and write-offs in part, in whole and above it, on what is open (less them already) and was."""
        rows = pd.concat([self.some(frame, 0.12) for frame in opens], ignore_index=True)
        fen = rows["open_amount"].map(_fen).to_numpy(int)
        off = np.select(
            [self.random.random(len(fen)) < 0.4],
            [fen],
            self.random.integers(1, 9_000, len(fen)),
        )
        return Frame({
            "adjustment_id": [f"J{month}-{n}" for n in range(len(rows))], "bill_id": rows["bill_id"],
            "customer_id": rows["customer_id"], "kind": self.pick(("credit_note", "write_off"), len(rows)),
            "adjusted_on": [self.day(month) for _ in range(len(rows))], "amount": [f"-{_yuan(f)}" for f in off],
        })  # fmt: skip

    def promoted(self, service: Frame, month: Month) -> Frame:
        """The services with a promotion, some ending in the month after."""
        after = month.plus(1)
        ends = (
            None,
            None,
            None,
            None,
            month.last_day,
            after.first_day,
            after.last_day,
            month.plus(2).first_day,
        )
        return service.assign(
            promotion_end_on=self.pick(ends, len(service)),
            promotion_discount_amount=self.pick((None, "5.00", "0.01"), len(service)),
        )


def _total(amounts: pd.Series) -> str:
    return _yuan(sum(map(_fen, amounts)))


def _fen(text: str) -> int:
    return round(float(text) * 100)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
