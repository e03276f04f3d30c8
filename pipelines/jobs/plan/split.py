"""Splits a year's total into months, branches and managers: at every level the parts add up to the whole exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pipelines.core.apportion import apportion
from pipelines.core.errors import SpecError
from pipelines.core.month import Month

UNCLAIMED = "unclaimed"
LEVELS = ("year", "month", "branch", "manager")
Weights = Mapping[str, Decimal]


@dataclass(frozen=True)
class Tree:
    """The weights of a measure's split; without branches it ends with the months, without managers with the branches."""

    months: Weights  # by YYYY-MM, twelve of them
    branches: Weights | None = None
    managers: Mapping[str, Weights] | None = None  # by branch; the branch `unclaimed` needs none


@dataclass(frozen=True)
class Part:
    """A part of a year's total, and the weight that it got it by; the year's own part has no weight."""

    level: str
    month: str | None
    scope_kind: str
    scope_id: str
    branch_id: str | None
    weight: Decimal | None
    amount: Decimal


class Splitter:
    """Splits one amount after another by the same weights.

    By largest remainder; what rounding kept from a scope is remembered, so that a small plan goes round over the months
    instead of to the same scopes in each.
    """

    def __init__(self, weights: Weights, places: int, where: str) -> None:
        self.weights = {scope: weights[scope] for scope in sorted(weights, key=_unclaimed_last)}
        self.places = places
        self.where = where
        self._total = sum(map(Fraction, self.weights.values()), Fraction(0))
        self._owed = [Fraction(0)] * len(self.weights)
        if negative := [scope for scope, weight in self.weights.items() if weight < 0]:
            raise SpecError("plan.negative_weight", where=where, scope=", ".join(negative))

    def split(self, amount: Decimal) -> dict[str, Decimal]:
        """Return each scope's part; raise SpecError when there is something to split and all weights are zero."""
        if amount and not self._total:
            raise SpecError("plan.no_weight", where=self.where)
        exact = [Fraction(amount) * Fraction(w) / (self._total or 1) for w in self.weights.values()]
        parts = apportion(exact, self.places, self._owed)
        self._owed = [o + e - Fraction(p) for o, e, p in zip(self._owed, exact, parts, strict=True)]
        return dict(zip(self.weights, parts, strict=True))


def _unclaimed_last(scope: str) -> tuple[bool, str]:
    return scope == UNCLAIMED, scope


def split_year(year: int, total: Decimal, places: int, tree: Tree, where: str) -> Iterator[Part]:
    """Yield a year's total and its parts, level by level within each month."""
    yield Part("year", None, "company", "company", None, None, total)
    months = Splitter(tree.months, places, f"{where}.by_month")
    branches = _Branches(tree, places, where) if tree.branches is not None else None
    for month, amount in months.split(total).items():
        yield Part("month", month, "company", "company", None, months.weights[month], amount)
        if branches is not None:
            yield from branches.split(month, amount)


class _Branches:
    """The branches of one measure and, where they are given, their managers: what rounding owes them goes on by month."""

    def __init__(self, tree: Tree, places: int, where: str) -> None:
        self.branches = Splitter(tree.branches or {}, places, f"{where}.by_branch")
        self.managers: dict[str, Splitter] = {}
        if tree.managers is not None:
            nobody = {UNCLAIMED: Decimal(1)}
            for branch in self.branches.weights:
                weights = nobody if branch == UNCLAIMED else tree.managers.get(branch, {})
                self.managers[branch] = Splitter(weights, places, f"{where}.by_manager.{branch}")

    def split(self, month: str, amount: Decimal) -> Iterator[Part]:
        """Yield the parts of a month's amount: each branch, then its managers."""
        for branch, part in self.branches.split(amount).items():
            yield Part("branch", month, "branch", branch, None, self.branches.weights[branch], part)
            if branch in self.managers:
                yield from _of_managers(self.managers[branch], month, branch, part)


def _of_managers(managers: Splitter, month: str, branch: str, amount: Decimal) -> Iterator[Part]:
    for manager, part in managers.split(amount).items():
        yield Part("manager", month, "manager", manager, branch, managers.weights[manager], part)


def months_of(year: int) -> list[str]:
    """The year's months as YYYY-MM."""
    return [str(Month(year, number)) for number in range(1, 13)]
