"""Debts of the random histories that last from month to month, and every kind of money and dispute about them.

An item stays until it is forgotten, whatever is paid: no figure asks whether an operator's books add up. Bills fall due at
every edge, lines leave and still owe, payments bounce, exceed what they name, name what is closed or another's, and
customers have money in hand to the fen of what they owe, and beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines.core.month import Month

Frame = pd.DataFrame
ITEM = ["bill_id", "service_id", "customer_id", "bill_month", "fen", "due_on"]
WITH_LATE = 9  # months in which items of any age come to light; then every new one is a bill of its month
STAYS, NEW, LATE = (
    0.7,
    0.25,
    0.4,
)  # shares: of items, of the month's bills, of the late ones that are drawn
PAYMENT = ["customer_id", "bill_id", "fen", "paid_on"]


def write_debts(source: Path, months: Sequence[Month], seed: int) -> None:
    """Let the debts of histories that are written last, and add money, credits, disputes and balances."""
    draw, debts = _Draw(seed), _Debts()
    for number, month in enumerate(months):
        folder = source / str(month)
        bills = draw.due(pd.read_parquet(folder / "bill.parquet"), month)
        late = pd.read_parquet(folder / "receivable.parquet")
        share = LATE if number < WITH_LATE else 0.0
        debts.pass_month(draw, bills, draw.some(late, share))
        people = pd.read_parquet(folder / "customer.parquet")["customer_id"]
        tables = {
            "bill": bills, "receivable": debts.receivable(), "payment": debts.payments(draw, people, month),
            "adjustment": debts.credits(draw, month), "prepaid_balance": debts.balances(draw, people),
        }  # fmt: skip
        for name, frame in tables.items():
            frame.to_parquet(folder / f"{name}.parquet", index=False)


class _Draw:
    """Chances of a stream of their own."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng([seed, 4])

    def pick(self, values: Sequence[Any], count: int) -> np.ndarray:
        """Draw from a list of values, each as likely."""
        pool = np.empty(len(values), dtype=object)
        pool[:] = list(values)
        return pool[self.random.integers(0, len(values), count)]

    def some(self, frame: Frame, share: float) -> Frame:
        """Draw whom something happens to."""
        return frame[self.random.random(len(frame)) < share].reset_index(drop=True)

    def due(self, bills: Frame, month: Month) -> Frame:
        """Let bills fall due in the middle of the next month mostly, and at and around both cut-offs."""
        last, after = month.last_day, month.plus(1)
        edges = [last - timedelta(days=1), last, after.first_day, after.last_day]
        middle = [after.first_day + timedelta(days=14)] * 4
        return bills.assign(due_on=self.pick([*edges, *middle], len(bills)))

    def days(self, month: Month, count: int) -> list[date]:
        """Draw days of the month, its ends and the days around a dispatch more often."""
        ends = [0, month.last_day.day - 1, *range(3, 16)]
        whole = self.random.integers(0, month.last_day.day, count)
        edge = self.random.choice(ends, count)
        days = np.where(self.random.random(count) < 0.5, whole, edge)
        return [month.first_day + timedelta(days=int(day)) for day in days]

    def near(self, fen: np.ndarray) -> np.ndarray:
        """Draw amounts about these: all, a fen less or more, half, double."""
        kind = self.random.integers(0, 7, len(fen))
        cases = [kind < 3, kind == 3, kind == 4, kind == 5]
        drawn: np.ndarray = np.select(cases, [fen, fen - 1, fen + 1, fen * 2], fen // 2)
        return np.asarray(np.maximum(drawn, 1))


class _Debts:
    """What is open, and was at the three cut-offs before."""

    def __init__(self) -> None:
        self.open = Frame(columns=[*ITEM, "is_disputed"])
        self.earlier: list[Frame] = []
        self.paid_before = Frame(columns=PAYMENT)
        self.delivered_before: Frame | None = None

    def pass_month(self, draw: _Draw, bills: Frame, late: Frame) -> None:
        """Forget some items, change some, and let new ones come."""
        self.earlier = [self.open, *self.earlier][:3]
        kept = draw.some(self.open, STAYS)
        part = kept["fen"].to_numpy(int)
        less = draw.random.random(len(kept)) < 0.3
        kept["fen"] = np.where(less, np.maximum(part * 2 // 3, 1), part)
        billed = bills["billed_amount"].map(_fen)
        credit = bills["adjustment_amount"].map(_fen, na_action="ignore").fillna(0)
        owed = bills.assign(fen=(billed + credit).astype(int))
        owed = draw.some(owed[owed["fen"] > 0], NEW)
        found = late.assign(fen=late["open_amount"].map(_fen).astype(int))
        fresh = pd.concat([owed[ITEM], found[ITEM]], ignore_index=True)
        fresh["is_disputed"] = draw.pick((True, *[False] * 6, None), len(fresh))
        self.open = pd.concat([kept, fresh], ignore_index=True)
        changes = draw.random.random(len(self.open)) < 0.05
        now = draw.pick((True, False), len(self.open))
        self.open["is_disputed"] = np.where(changes, now, self.open["is_disputed"])

    def receivable(self) -> Frame:
        """What is open at the cut-off."""
        amounts = [_yuan(fen) for fen in self.open["fen"]]
        table = self.open.drop(columns="fen").assign(open_amount=amounts)
        return table.astype({"is_disputed": "boolean"})

    def payments(self, draw: _Draw, people: pd.Series, month: Month) -> Frame:
        """Money that names a bill, or none, and what of it bounces this month and of the month before."""
        named = [draw.some(self.open, 0.05)]
        shares = zip(self.earlier, (0.3, 0.1, 0.1), strict=False)
        named += [draw.some(frame, share) for frame, share in shares]
        for_bills = pd.concat(named, ignore_index=True)[
            ["customer_id", "bill_id", "fen"]
        ]
        others = draw.random.random(len(for_bills)) < 0.03
        payer = draw.pick(list(people), len(for_bills))
        for_bills["customer_id"] = np.where(others, payer, for_bills["customer_id"])
        owed = self.earlier[0].groupby("customer_id")["fen"].sum().reset_index()
        loose = draw.some(owed, 0.4).assign(bill_id=None)
        strange = Frame(
            {
                "customer_id": draw.pick(list(people), 20),
                "bill_id": "nobody's",
                "fen": 8900,
            }
        )
        paid = pd.concat([for_bills, loose, strange], ignore_index=True)
        paid["fen"] = draw.near(paid["fen"].to_numpy(int))
        paid["paid_on"] = draw.days(month, len(paid))
        back = [
            self._bounced(draw, paid, 0.12, month),
            self._bounced(draw, self.paid_before, 0.08, month),
        ]
        self.paid_before = paid
        rows = pd.concat([paid, *back], ignore_index=True)
        order = draw.random.permutation(len(rows))
        made = Frame({
            "payment_id": [f"Y{month}-{number:06d}" for number in order], "customer_id": rows["customer_id"],
            "bill_id": rows["bill_id"], "paid_on": rows["paid_on"], "amount": [_yuan(fen) for fen in rows["fen"]],
        })  # fmt: skip
        again, self.delivered_before = self._again(draw, month), made
        return pd.concat([made, *again], ignore_index=True)

    def _again(self, draw: _Draw, month: Month) -> list[Frame]:
        """Payments of the month before that are delivered once more: as they were, or their ids for other money."""
        if self.delivered_before is None:
            return []
        same = draw.some(self.delivered_before, 0.02)
        rest = self.delivered_before[
            ~self.delivered_before["payment_id"].isin(same["payment_id"])
        ]
        others = draw.some(rest, 0.01)
        fen = np.array([abs(_fen(text)) for text in others["amount"]], dtype=int)
        others["amount"] = [_yuan(each) for each in draw.near(fen)]
        others["paid_on"] = draw.days(month, len(others))
        return [same, others]

    def _bounced(self, draw: _Draw, paid: Frame, share: float, month: Month) -> Frame:
        """Take back all, a part, or more than was paid; some name the bill and some do not."""
        rows = draw.some(paid, share)
        keeps_name = draw.random.random(len(rows)) < 0.7
        rows["bill_id"] = rows["bill_id"].where(keeps_name, None)
        rows["fen"] = -draw.near(rows["fen"].to_numpy(int))
        days = zip(rows["paid_on"], draw.days(month, len(rows)), strict=True)
        strays = draw.random.random(len(rows)) < 0.1  # before what it would take back
        rows["paid_on"] = [
            day if stray else max(paid_on, day)
            for (paid_on, day), stray in zip(days, strays, strict=True)
        ]
        return rows

    def credits(self, draw: _Draw, month: Month) -> Frame:
        """Adjustments of every kind, in part, in whole and above it, on what is open and was."""
        frames = [self.open, *self.earlier]
        rows = pd.concat([draw.some(frame, 0.1) for frame in frames], ignore_index=True)
        fen = rows["fen"].to_numpy(int)
        whole = draw.random.random(len(fen)) < 0.4
        off = np.where(whole, fen, draw.random.integers(1, 9_000, len(fen)))
        kinds = ("credit_note", "credit_note", "write_off", "prepaid_applied")
        return Frame({
            "adjustment_id": [f"J{month}-{number}" for number in range(len(rows))], "bill_id": rows["bill_id"],
            "customer_id": rows["customer_id"], "kind": draw.pick(kinds, len(rows)),
            "adjusted_on": draw.days(month, len(rows)), "amount": [_yuan(-fen) for fen in off],
        })  # fmt: skip

    def balances(self, draw: _Draw, people: pd.Series) -> Frame:
        """Nothing, a little, about what is owed in all, or plenty in hand."""
        owed = self.open.groupby("customer_id")["fen"].sum()
        rows = draw.some(Frame({"customer_id": people}), 0.3)
        owes = rows["customer_id"].map(owed).fillna(8900).to_numpy(int)
        kind = draw.random.integers(0, 6, len(rows))
        fen = np.select(
            [kind == 0, kind == 1, kind == 2], [0, 1, 10**6], draw.near(owes)
        )
        return rows.assign(balance_amount=[_yuan(each) for each in fen])


def _fen(text: str) -> int:
    return round(float(text) * 100)


def _yuan(fen: int) -> str:
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"
