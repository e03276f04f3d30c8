"""Months and populations of the definitions: Net, revenue, V, HV and the cohort."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import pandas as pd

from .read import read_month
from .schema import TIERS

NET = ("active", "suspended_arrears", "suspended_request")
GRADE = {tier: grade for grade, tier in enumerate(TIERS)}


class MissingError(Exception):
    """An input a KPI needs is not there: the KPI is not computed, and this is why."""


def shift(month: str, by: int) -> str:
    """The bill month `by` months later."""
    return str(pd.Period(month, "M") + by)


class Month:
    """One held month, without the lines that are excluded; `former` is the held month before it."""

    def __init__(self, source: Path, month: str, former: Month | None = None) -> None:
        self.name = month
        self.first = pd.Timestamp(f"{month}-01")
        self.last = self.first + pd.offsets.MonthEnd(0)
        self._tables = read_month(
            source,
            month,
            former.ever_customers if former else (),
            former.ever_services if former else (),
        )
        self.customers: pd.DataFrame = self.need("customer")
        services = self.need("service")
        flag = (
            services["is_excluded"]
            if "is_excluded" in services
            else pd.Series(False, index=services.index)
        )
        excluded = flag.fillna(False).astype(bool)
        self.services = services[~excluded]
        self.last_known = _last_known(services.assign(is_out=excluded), former)
        is_out = self.last_known["is_out"].astype(bool)
        self._excluded = self.last_known.index[is_out]
        self.ever_services: pd.Index = self.last_known.index
        self.last_known_customers = _last_known_customers(self.customers, former)
        self.ever_customers: pd.Index = self.last_known_customers.index
        self._revenue: dict[str, pd.Series] = {}

    def need(self, table: str, *columns: str) -> pd.DataFrame:
        """The table, if it is there with these optional columns; otherwise what needs it is not computed."""
        frame = self._tables[table]
        if frame is None:
            raise MissingError(f"{self.name}: no table {table}")
        for column in columns:
            if column not in frame:
                raise MissingError(f"{self.name}: no column {table}.{column}")
        return frame

    def lines(self, table: str, *columns: str) -> pd.DataFrame:
        """The table's rows about lines that are not excluded."""
        frame = self.need(table, *columns)
        return frame[~frame["service_id"].isin(self._excluded)]

    def has(self, table: str, column: str | None = None) -> bool:
        frame = self._tables[table]
        return frame is not None and (column is None or column in frame)

    @cached_property
    def net(self) -> pd.DataFrame:
        return self.services[self.services["status"].isin(NET)]

    def revenue(self, by: str) -> pd.Series:
        """Fen by customer_id or service_id, of those who have a bill."""
        if by not in self._revenue:
            self._revenue[by] = self._sum_bills(by)
        return self._revenue[by]

    def _sum_bills(self, by: str) -> pd.Series:
        bills = self.lines("bill")
        fen = bills["billed_amount"].astype("int64")
        if "adjustment_amount" in bills:
            fen = fen + bills["adjustment_amount"].fillna(0).astype("int64")
        return fen.groupby(bills[by].to_numpy()).sum()

    def revenue_of(self, ids: pd.Series | pd.Index, by: str) -> pd.Series:
        """Fen of each of these, 0 without a bill, indexed by them."""
        fen: pd.Series = self.revenue(by).reindex(pd.Index(ids), fill_value=0)
        return fen

    def billed(self, by: str) -> pd.Index:
        fen = self.revenue(by)
        ids: pd.Index = fen.index[fen > 0]
        return ids

    @cached_property
    def individuals(self) -> pd.Series:
        return self.customers.loc[
            self.customers["customer_type"] == "individual", "customer_id"
        ]

    @cached_property
    def grades(self) -> pd.Series:
        """Tier as a number by customer; unknown counts as none."""
        self.need("customer", "vip_tier")
        return (
            self.customers.set_index("customer_id")["vip_tier"]
            .map(GRADE)
            .fillna(0)
            .astype("int64")
        )

    @cached_property
    def vip(self) -> pd.Index:
        """V(m)."""
        people = self.individuals[self.individuals.isin(self.net["customer_id"])]
        vip: pd.Index = pd.Index(people[people.map(self.grades) >= GRADE["silver"]])
        return vip


def _last_known(services: pd.DataFrame, former: Month | None) -> pd.DataFrame:
    """Each line ever listed as its last month told of it, by service_id; `is_out` marks the excluded."""
    columns = ["service_id", "customer_id", "service_type", "status", "is_out"]
    now = services[columns].set_index("service_id")
    if former is None:
        return now
    gone = former.last_known[~former.last_known.index.isin(now.index)]
    return pd.concat([gone, now])


def _last_known_customers(
    customers: pd.DataFrame, former: Month | None
) -> pd.DataFrame:
    """Each customer ever listed as the last month told of them: type and group, by customer_id."""
    now = customers.set_index("customer_id").reindex(
        columns=["customer_type", "group_customer_id"]
    )
    if former is None:
        return now
    gone = former.last_known_customers
    return pd.concat([gone[~gone.index.isin(now.index)], now])


_kept: dict[tuple[Path, str, str | None], Month] | None = None


@contextmanager
def read_once() -> Iterator[None]:
    """Read each month's files once while several months are computed; they must not change meanwhile."""
    global _kept
    _kept = {}
    try:
        yield
    finally:
        _kept = None


def _read_month(source: Path, name: str, former: Month | None) -> Month:
    if _kept is None:
        return Month(source, name, former)
    key = (source, name, former.name if former else None)
    if key not in _kept:
        _kept[key] = Month(source, name, former)
    return _kept[key]


class Held:
    """The held months up to and including the one that is computed."""

    def __init__(
        self, source: Path, months: list[str], month: str, theta: Decimal
    ) -> None:
        self._source, self._theta = source, theta
        self.names = sorted({name for name in months if name <= month} | {month})
        self.month = month
        self.theta = Fraction(theta)
        self._read: dict[str, Month] = {}
        self._high: dict[str, pd.Index] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def at(self, name: str) -> Month:
        if name not in self:
            raise MissingError(f"month {name} is not held")
        if name not in self._read:
            earlier = [held for held in self.names if held < name]
            former = self.at(earlier[-1]) if earlier else None
            self._read[name] = _read_month(self._source, name, former)
        return self._read[name]

    def as_of(self, name: str) -> Held:
        """What was held when an earlier month was computed."""
        return Held(self._source, self.names, name, self._theta)

    def back(self, by: int) -> Month:
        """The month `by` months before the one computed."""
        return self.at(shift(self.month, -by))

    @property
    def now(self) -> Month:
        return self.at(self.month)

    def high_value(self, name: str) -> pd.Index:
        """HV of a month."""
        if name not in self._high:
            self._high[name] = self._find_high_value(name)
        return self._high[name]

    def _find_high_value(self, name: str) -> pd.Index:
        month = self.at(name)
        mobile = month.net.loc[month.net["service_type"] == "mobile", "customer_id"]
        people = pd.Index(month.individuals[month.individuals.isin(mobile)])
        fen = pd.Series(0, index=people, dtype="int64")
        count = pd.Series(0, index=people, dtype="int64")
        for by in (0, -1, -2):
            if shift(name, by) in self:
                one = self.at(shift(name, by))
                there = people.isin(one.net["customer_id"])
                fen += one.revenue_of(people, "customer_id").where(there, 0)
                count += there.astype("int64")
        worth = fen * self.theta.denominator >= count * (100 * self.theta.numerator)
        if month.has("customer", "vip_tier"):
            worth |= month.grades.reindex(people) >= GRADE["silver"]
        chosen: pd.Index = people[worth.to_numpy()]
        return chosen

    def base(self) -> Month:
        """The cohort's base month."""
        december = f"{int(self.month[:4]) - 1}-12"
        name = (
            december
            if december in self
            else min(n for n in self.names if n[:4] == self.month[:4])
        )
        if name == self.month:
            raise MissingError(f"{name} is the base month itself")
        return self.at(name)

    def cohort(self) -> pd.Index:
        return self.high_value(self.base().name)
