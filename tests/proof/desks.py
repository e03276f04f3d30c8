"""What the random histories need beyond bills, so that orders are made of them: desks, points, phones and activities.

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
from tests.proof.histories import BRANCHES, MANAGERS, or_none

Frame = pd.DataFrame
CAPACITIES = (0, 2, 30)  # places of a desk; the fourth kind grows with the operator
POINTS = (0, 999, 1000, 1001, 5000)
REDEEMED = (None, 0, 0, 1, 500)
# What a month may lack, a column or a whole table, and what it may though orders are made in it.
LACKING_WITH_ORDERS: tuple[tuple[str, str | None], ...] = (
    ("receivable", "is_disputed"),
    ("prepaid_balance", None),
    ("service", "termination_reason"),
    ("ownership", "unit_id"),
    ("bill", "adjustment_amount"),
    ("service", "promotion_end_on"),
    ("organisation", None),
)
LACKING = (
    *LACKING_WITH_ORDERS,
    ("ownership", "manager_id"),
    ("ownership", None),
    ("activity_guest", None),
    ("service", "contract_end_on"),
)


def write_desks(source: Path, months: Sequence[Month], seed: int) -> None:
    """Add managers, activities, guests, points, phones and promotions to histories that are written; let some lines leave."""
    draw = _Draw(seed)
    for month in months:
        folder = source / str(month)
        customer = pd.read_parquet(folder / "customer.parquet")
        people = customer["customer_id"]
        service = draw.still_here(pd.read_parquet(folder / "service.parquet"))
        tables = {
            "account_manager": draw.managers(len(service)), "activity": draw.activities(month),
            "activity_guest": draw.guests(people, month), "loyalty": draw.points(people, month),
            "customer": draw.phones(customer), "service": draw.promoted(service, month),
        }  # fmt: skip
        for name, frame in tables.items():
            frame.to_parquet(folder / f"{name}.parquet", index=False)
    for month, table, column in draw.missing(months):
        _drop(source / str(month) / f"{table}.parquet", column)


def _drop(path: Path, column: str | None) -> None:
    """Leave out a column, or the whole table."""
    if column is None:
        path.unlink()
    else:
        pd.read_parquet(path).drop(columns=column).to_parquet(path, index=False)


class _Draw:
    """The tables of a month, drawn."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng([seed, 2])
        self.gone: set[str] = set()
        self.moved: dict[str, int] = {}

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

    def guests(self, people: pd.Series, month: Month) -> Frame:
        """Who was asked to the activities of the month, and came, did not, or nobody knows."""
        rows = self.some(Frame({"customer_id": people}), 0.2)
        return rows.assign(
            activity_id=self.pick(
                [f"E{month.plus(-1)}-{n}" for n in range(8)], len(rows)
            ),
            is_invited=True,
            has_attended=pd.array(self.pick((True, False, None), len(rows)), "boolean"),
        )

    def still_here(self, service: Frame) -> Frame:
        """The lines but those that have left for good; some leave without having been said to end."""
        leaving = self.some(service, 0.01)["service_id"]
        self.gone |= set(leaving)
        return service[~service["service_id"].isin(self.gone)]

    def phones(self, customer: Frame) -> Frame:
        """The customers with a phone, a few of them with a new one or with none."""
        for who in self.some(customer, 0.05)["customer_id"]:
            self.moved[who] = self.moved.get(who, 0) + 1
        phones = [
            f"154{self.moved.get(who, 0) % 10}{who[1:]}"
            for who in customer["customer_id"]
        ]
        unknown = self.random.random(len(customer)) < 0.02
        return customer.assign(phone=or_none(~unknown, np.array(phones, dtype=object)))

    def missing(self, months: Sequence[Month]) -> list[tuple[Month, str, str | None]]:
        """Draw two things that two of the newest months lack; what orders are made by, the newest alone."""
        found: list[tuple[Month, str, str | None]] = []
        for month, lacking in (
            (months[-1], LACKING),
            (months[-2], LACKING_WITH_ORDERS),
        ):
            table, column = lacking[int(self.random.integers(0, len(lacking)))]
            found.append((month, table, column))
        return found

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
