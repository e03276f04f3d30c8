"""Random service histories in the contract's form: no believable operator, but every edge of every definition often.

One history is one service's story over fourteen months: it changes status without sense, vanishes and returns, has no,
one or several bills, negative and zero ones, owes at every age. Edge values (a threshold met to the fen, a card that
expires at the cut-off, a contract that ends on a leap day) are drawn on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines.core.month import Month

MONTHS = 14  # a whole base year to December, and two months that look back on it
LAST = Month(2024, 2)  # ends on a leap day
BRANCHES, UNITS, MANAGERS, PLANS = 12, 40, 120, 20
STATUSES = (
    "active",
    "suspended_arrears",
    "suspended_request",
    "pre_terminated",
    "terminated",
)
TIERS = ("none", "silver", "gold", "diamond", None)
REASONS = ("voluntary", "port_out", "arrears", "relocation", "other", None)
BUNDLES = (
    (100, 1000),
    (500, 20000),
    (0, 500),
    (100, 0),
    (None, 1000),
    (200, None),
    (None, None),
)
# Fen: at, just under and just over the high-value threshold, free, credited, and ordinary ones.
AMOUNTS = np.array(
    [8900, 8899, 8901, 0, 0, -1500, -1, 1, 17800, 26700, 3000, 5999, 12050]
)
AGES = np.array(
    [0, 1, 29, 30, 31, 60, 61, 90, 91, 180, 181, 364, 365, 366, 800, -1, -15]
)
STOPS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 29, 30, 31, 45)

Frame = pd.DataFrame


def write_histories(source: Path, services: int, seed: int) -> list[Month]:
    """Write fourteen months of so many random histories as Parquet; return the months."""
    months = [LAST.plus(back) for back in range(1 - MONTHS, 1)]
    world = _World(services, seed, months)
    for month in months:
        folder = source / str(month)
        folder.mkdir(parents=True)
        for name, frame in world.tables(month).items():
            frame.to_parquet(folder / f"{name}.parquet", index=False)
    return months


class _World:
    """What lasts from month to month; everything else is drawn anew."""

    def __init__(self, services: int, seed: int, months: Sequence[Month]) -> None:
        self.random = np.random.default_rng(seed)
        self.size = services
        self.lines = np.array([f"S{n:07d}" for n in range(services)], dtype=object)
        self.people = np.array(
            [f"C{n:07d}" for n in range(max(services * 3 // 5, 1))], dtype=object
        )
        self.owner = self.random.integers(0, len(self.people), services)
        self.kind = self.pick(
            ("mobile", "broadband", "fixed_line", "private_line"),
            services,
            (6, 2, 1, 1),
        )
        self.started = self._starts(months)
        self.ends = self._edges(months)
        self.status = self.pick(STATUSES, services, (6, 1, 1, 1, 1))
        self.plan = self.pick([f"P{n:02d}" for n in range(PLANS)], services)
        self.contract = self.pick(self.ends, services)
        self.tier = self.pick(TIERS, len(self.people), (4, 2, 2, 1, 1))
        self.is_group = self.random.random(len(self.people)) < 0.1
        self.changes = self._changes(months)

    def pick(
        self, values: Any, count: int, weights: Sequence[float] | None = None
    ) -> np.ndarray:
        """Draw from a list of values."""
        pool = np.empty(len(values), dtype=object)
        pool[:] = list(values)
        share = None if weights is None else np.array(weights) / sum(weights)
        return pool[self.random.choice(len(values), count, p=share)]

    def some(self, share: float, count: int | None = None) -> np.ndarray:
        """Draw whom something happens to."""
        return np.asarray(self.random.random(count or self.size) < share)

    def _starts(self, months: Sequence[Month]) -> np.ndarray:
        edges = [day for m in months for day in (m.first_day, m.last_day)]
        return self.pick(
            [date(2015, 5, 5), date(2020, 2, 29), *edges],
            self.size,
            [30, 30, *[1] * len(edges)],
        )

    def _edges(self, months: Sequence[Month]) -> list[date | None]:
        later = [months[-1].plus(n) for n in (1, 2)]
        days = [day for m in (*months, *later) for day in (m.first_day, m.last_day)]
        return [None, None, None, date(2024, 2, 28), *days]

    def _changes(self, months: Sequence[Month]) -> Frame:
        """Stops, and a return to active so many days later; told in the month in which they fall."""
        first, span = (
            months[0].first_day,
            (months[-1].last_day - months[0].first_day).days,
        )
        count = max(self.size // 7, 20)
        lines = self.pick(self.lines, count)
        days = self.random.integers(0, span + 1, count)
        back = days + self.pick(STOPS, count).astype(int)
        seconds = self.random.integers(0, 86_400, (2, count))
        stops, returns = (
            [datetime.combine(first, datetime.min.time()) + timedelta(days=int(d), seconds=int(s))
             for d, s in zip(on, at, strict=True)] for on, at in ((days, seconds[0]), (back, seconds[1]))
        )  # fmt: skip
        away = Frame(
            {"service_id": lines, "changed_at": stops, "to_status": "suspended_arrears"}
        )
        other = self.pick(
            ("active", "active", "active", "suspended_request", "terminated"), count
        )
        home = Frame({"service_id": lines, "changed_at": returns, "to_status": other})[
            self.some(0.8, count)
        ]
        return pd.concat([away, home]).drop_duplicates(["service_id", "changed_at"])

    def live(self) -> None:
        """Let a month pass."""
        for held, values, share in (
            ("status", STATUSES, 0.12), ("plan", [f"P{n:02d}" for n in range(PLANS)], 0.05), ("contract", self.ends, 0.15),
        ):  # fmt: skip
            now = getattr(self, held)
            setattr(
                self,
                held,
                np.where(self.some(share), self.pick(values, self.size), now),
            )
        people = len(self.people)
        self.tier = np.where(
            self.some(0.08, people), self.pick(TIERS, people), self.tier
        )
        moved = self.some(0.01)
        self.owner = np.where(
            moved, self.random.integers(0, people, self.size), self.owner
        )

    # -- a month's tables ----------------------------------------------------------------------------------------

    def tables(self, month: Month) -> dict[str, Frame]:
        """Draw what is delivered for a month."""
        self.live()
        return {
            "customer": self._customer(), "service": self._service(month), "bill": self._bill(month),
            "receivable": self._receivable(month), "usage": self._usage(), "ownership": self._ownership(month),
            "organisation": _organisation(), "plan": self._plan(), "vip_card": self._card(month),
            "trouble_ticket": self._ticket(month), "status_change": self._status_change(month),
            "plan_change": self._plan_change(month), "survey_answer": self._answer(month), "target": self._target(),
        }  # fmt: skip

    def _customer(self) -> Frame:
        frame = Frame({
            "customer_id": self.people, "customer_type": np.where(self.is_group, "group", "individual"),
            "vip_tier": self.tier, "is_key_account_registered": self.some(0.5, len(self.people)),
        })  # fmt: skip
        frame["group_customer_id"] = or_none(
            ~self.is_group & self.some(0.1, len(frame)),
            self.pick(self.people, len(frame)),
        )
        return frame[self.some(0.98, len(frame))]

    def _service(self, month: Month) -> Frame:
        contract = [
            e if e is None or e >= s else None
            for e, s in zip(self.contract, self.started, strict=True)
        ]
        frame = Frame({
            "service_id": self.lines, "customer_id": self.people[self.owner], "service_type": self.kind,
            "status": self.status, "activated_on": self.started, "plan_id": self.plan, "contract_end_on": contract,
            "termination_reason": or_none(np.isin(self.status.astype(str), ("terminated", "pre_terminated")),
                                           self.pick(REASONS, self.size)),
            "is_fee_waiver_approved": self.pick((True, False, None), self.size),
            "is_excluded": self.pick((True, False, None), self.size, (1, 50, 3)),
            "replaces_service_id": or_none(self.some(0.01), self.pick(self.lines, self.size)),
        })  # fmt: skip
        return frame[self.some(0.96) & (frame["activated_on"] <= month.last_day)]

    def _bill(self, month: Month) -> Frame:
        """None, one or several bills a line; some of another payer, some of lines nobody knows."""
        line = np.repeat(
            np.arange(self.size),
            self.random.choice(4, self.size, p=(0.15, 0.65, 0.15, 0.05)),
        )
        count = len(line)
        payer = np.where(
            self.some(0.01, count),
            self.random.integers(0, len(self.people), count),
            self.owner[line],
        )
        fen = np.where(
            self.some(0.7, count),
            self.random.choice(AMOUNTS, count),
            self.random.integers(1, 30_000, count),
        )
        credit = np.where(
            self.some(0.1, count), -self.random.choice((1, 50, 8900), count), 0
        )
        return Frame({
            "bill_id": [f"{month}-{n}" for n in range(count)], "service_id": self.lines[line],
            "customer_id": self.people[payer], "bill_month": str(month), "billed_amount": _yuan(fen),
            "adjustment_amount": or_none((credit != 0) | self.some(0.5, count), _yuan(credit)),
            "due_on": month.plus(1).first_day + timedelta(days=14),
        })  # fmt: skip

    def _receivable(self, month: Month) -> Frame:
        line = np.flatnonzero(self.some(0.35))
        age = self.random.choice(AGES, len(line))
        back = np.clip(age // 30 + self.random.integers(0, 2, len(line)), 0, 30)
        return Frame({
            "bill_id": [f"O{month}-{n}" for n in range(len(line))], "service_id": self.lines[line],
            "customer_id": self.people[self.owner[line]], "bill_month": [str(month.plus(-int(b))) for b in back],
            "open_amount": _yuan(self.random.integers(1, 20_000, len(line))),
            "due_on": [month.last_day - timedelta(days=int(days)) for days in age],
        })  # fmt: skip

    def _usage(self) -> Frame:
        """Idle in one or all ways, at a fifth of a bundle and beside it; some without a row."""

        def draw(*edges: str) -> np.ndarray:
            return self.pick(edges, self.size)

        frame = Frame({
            "service_id": self.lines, "voice_calls": draw("0", "0", "0", "1", "40"),
            "voice_minutes": draw("0", "19.9", "20", "20.1", "99.9", "100", "0.1"),
            "sms_count": draw("0", "0", "0", "2"),
            "data_mb": draw("0", "0", "0", "199.99", "200", "200.01", "3999.9", "100", "99.9"),
        })  # fmt: skip
        return frame[self.some(0.85)]

    def _ownership(self, month: Month) -> Frame:
        """None, one or two rows a customer, dated at and around the cut-off."""
        who = np.repeat(
            np.arange(len(self.people)),
            self.random.choice(3, len(self.people), p=(0.1, 0.7, 0.2)),
        )
        count, last, tomorrow = len(who), month.last_day, month.plus(1).first_day
        begins = self.pick(
            (date(2019, 1, 1), date(2021, 6, 1), month.first_day, last, tomorrow),
            count,
            (8, 3, 1, 1, 1),
        )
        ends = self.pick(
            (None, last, tomorrow, date(2022, 12, 31), month.first_day),
            count,
            (10, 1, 1, 1, 1),
        )
        branch = self.random.integers(0, BRANCHES, count)
        frame = Frame({
            "customer_id": self.people[who], "valid_from": begins,
            "valid_to": [e if e and e > b else None for b, e in zip(begins, ends, strict=True)],
            "branch_id": [f"B{b:02d}" for b in branch],
            "unit_id": self.pick([None, *(f"U{n:02d}" for n in range(UNITS))], count, [UNITS / 6, *[1] * UNITS]),
            "manager_id": self.pick([None, *(f"M{n:03d}" for n in range(MANAGERS))], count,
                                    [MANAGERS / 6, *[1] * MANAGERS]),
        })  # fmt: skip
        return frame.drop_duplicates(["customer_id", "valid_from"])

    def _plan(self) -> Frame:
        rows = [
            (f"P{n:02d}", *BUNDLES[n % len(BUNDLES)]) for n in range(PLANS - 2)
        ]  # two that nobody describes
        names = ["plan_id", "included_minutes", "included_data_mb"]
        text = [
            [i, *(None if v is None else str(v) for v in bundle)] for i, *bundle in rows
        ]
        return Frame(text, columns=names).assign(name="plan", monthly_fee="10.00")

    def _card(self, month: Month) -> Frame:
        who = np.repeat(
            np.arange(len(self.people)),
            self.random.choice(3, len(self.people), p=(0.3, 0.5, 0.2)),
        )
        count, last, tomorrow = len(who), month.last_day, month.plus(1).first_day
        return Frame({
            "card_id": [f"K{n}" for n in range(count)], "customer_id": self.people[who],
            "tier": self.pick(TIERS[:4], count, (1, 2, 3, 3)), "card_status": self.pick(("valid", "void"), count, (6, 1)),
            "delivered_on": self.pick((None, last, month.first_day, date(2020, 1, 1)), count, (1, 2, 2, 4)),
            "expires_on": self.pick((None, last, tomorrow, date(2024, 2, 29), date(2030, 1, 1)), count),
        })  # fmt: skip

    def _ticket(self, month: Month) -> Frame:
        count = max(self.size // 20, 10)
        start = datetime.combine(month.first_day, datetime.min.time())
        end = datetime.combine(month.last_day, datetime.min.time()) + timedelta(
            hours=23, minutes=59, seconds=59
        )
        return Frame({
            "ticket_id": [f"T{month}-{n}" for n in range(count)], "customer_id": self.pick(self.people, count),
            "service_id": or_none(self.some(0.5, count), self.pick(self.lines, count)),
            "opened_at": self.pick((start, end, start - timedelta(seconds=1), start + timedelta(days=9)), count),
            "category": self.pick(("complaint", "fault", "enquiry", "other"), count, (4, 1, 1, 1)),
            "touch_point": self.pick(("hall", "app", "10000", None), count),
            "owning_channel": self.pick(("branch", "online", None), count),
            "severity": self.pick(("low", "high", None), count),
        })  # fmt: skip

    def _status_change(self, month: Month) -> Frame:
        inside = self.changes["changed_at"].dt.date.between(
            month.first_day, month.last_day
        )
        changes: Frame = self.changes[inside].assign(from_status="active", reason=None)
        return changes

    def _plan_change(self, month: Month) -> Frame:
        line = np.repeat(np.flatnonzero(self.some(0.2)), 2)[: self.size]
        days = self.random.integers(0, month.last_day.day, len(line))
        plans = [f"P{n:02d}" for n in range(4)]
        frame = Frame({
            "service_id": self.lines[line], "changed_on": [month.first_day + timedelta(days=int(d)) for d in days],
            "from_plan_id": self.pick([None, *plans], len(line)), "to_plan_id": self.pick(plans, len(line)),
        })  # fmt: skip
        return frame[self.some(0.8, len(frame))].drop_duplicates(
            ["service_id", "changed_on"]
        )

    def _answer(self, month: Month) -> Frame:
        count = max(self.size // 20, 10)
        return Frame({
            "answer_id": [f"A{month}-{n}" for n in range(count)], "customer_id": self.pick(self.people, count),
            "answered_on": month.last_day, "score": self.pick(("1", "2", "3", "4", "5"), count),
        })  # fmt: skip

    def _target(self) -> Frame:
        """The company's always, a branch's mostly, one of a branch that nobody is in."""
        scopes = [
            ("company", "company"),
            *(("branch", f"B{n:02d}") for n in range(BRANCHES + 1)),
        ]
        rows = [(kpi, *scope, f"{self.random.integers(1, 9_999_999) / 100:.2f}")
                for kpi in ("revenue", "private_line_revenue") for scope in scopes
                if scope[0] == "company" or self.random.random() < 0.95]  # fmt: skip
        return Frame(rows, columns=["kpi", "scope_kind", "scope_id", "target_value"])


def or_none(which: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Keep these of the values, and know nothing of the others."""
    return np.where(which, values, np.array(None, dtype=object))


def _yuan(fen: np.ndarray) -> np.ndarray:
    """Money as text, exact."""
    return np.array(
        [
            f"{'-' if f < 0 else ''}{abs(f) // 100}.{abs(f) % 100:02d}"
            for f in fen.tolist()
        ],
        dtype=object,
    )


def _organisation() -> Frame:
    """Two cities; a branch without one, a branch under a unit."""
    rows = [("A1", "city", None), ("A2", "city", None), ("U00", "unit", "B00")]
    rows += [
        (f"B{n:02d}", "branch", (None, "U00", "A1", "A2")[n % 4])
        for n in range(BRANCHES)
    ]
    return Frame(rows, columns=["org_id", "org_kind", "parent_id"]).assign(name="x")
