"""Splits a year's total into months, branches and managers.

At every level the parts add up to the whole exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pipelines.core.apportion import apportion_parts
from pipelines.core.errors import SpecError
from pipelines.core.month import Month

UNCLAIMED = "unclaimed"
LEVELS = ("year", "month", "branch", "manager")
Weights = Mapping[str, Decimal]


@dataclass(frozen=True)
class Tree:
    """The weights of a measure's split.

    Without branches it ends with the months, without managers with the branches.
    """

    months: Weights  # by YYYY-MM, twelve of them
    branches: Weights | None = None
    managers: Mapping[str, Weights] | None = None  # by branch; `unclaimed` needs none


@dataclass(frozen=True)
class Part:
    """A part of a year's total, and the weight that it got it by.

    The year's own part has no weight.
    """

    level: str
    month: str | None
    scope_kind: str
    scope_id: str
    branch_id: str | None
    weight: Decimal | None
    amount: Decimal


class Splitter:
    """Splits one amount after another by the same weights.

    By largest remainder; what rounding kept from a scope is remembered, so that a small plan goes
    round over the months instead of to the same scopes in each.
    """

    def __init__(self, weights: Weights, places: int, where: str) -> None:
        in_order = sorted(weights, key=_put_unclaimed_last)
        self.weights = {scope: weights[scope] for scope in in_order}
        self.places = places
        self.where = where
        negative = [scope for scope, weight in self.weights.items() if weight < 0]
        if negative:
            scopes = ", ".join(negative)
            raise SpecError("plan.negative_weight", where=where, scope=scopes)

        exact_weights = [Fraction(weight) for weight in self.weights.values()]
        self._exact_weights = exact_weights
        self._total = sum(exact_weights, Fraction(0))
        self._owed = [Fraction(0)] * len(exact_weights)

    def split_amount(self, amount: Decimal) -> dict[str, Decimal]:
        """Return each scope's part.

        Raise SpecError when there is something to split and all weights are zero.
        """
        if amount and not self._total:
            raise SpecError("plan.no_weight", where=self.where)
        divisor = self._total or Fraction(1)
        exact = [Fraction(amount) * weight / divisor for weight in self._exact_weights]
        parts = apportion_parts(exact, self.places, self._owed)
        self._remember_rounding(exact, parts)
        return dict(zip(self.weights, parts, strict=True))

    def _remember_rounding(
        self, exact: Sequence[Fraction], parts: Sequence[Decimal]
    ) -> None:
        """Add to what each scope is owed what it should have got beyond what it got."""
        for number, part in enumerate(parts):
            self._owed[number] += exact[number] - Fraction(part)


def _put_unclaimed_last(scope: str) -> tuple[bool, str]:
    return scope == UNCLAIMED, scope


def split_year(
    year: int, total: Decimal, places: int, tree: Tree, where: str
) -> Iterator[Part]:
    """Yield a year's total and its parts, level by level within each month."""
    yield Part("year", None, "company", "company", None, None, total)
    months = Splitter(tree.months, places, f"{where}.by_month")
    branches = None
    if tree.branches is not None:
        branches = _BranchSplitter(tree, places, where)

    for month, amount in months.split_amount(total).items():
        weight = months.weights[month]
        yield Part("month", month, "company", "company", None, weight, amount)
        if branches is not None:
            yield from branches.split_month(month, amount)


class _BranchSplitter:
    """The branches of one measure and, where they are given, their managers.

    What rounding owes them goes on by month.
    """

    def __init__(self, tree: Tree, places: int, where: str) -> None:
        self.branches = Splitter(tree.branches or {}, places, f"{where}.by_branch")
        self.managers: dict[str, Splitter] = {}
        if tree.managers is None:
            return

        for branch in self.branches.weights:
            weights = tree.managers.get(branch, {})
            if branch == UNCLAIMED:
                # It has one manager, who is nobody.
                weights = {UNCLAIMED: Decimal(1)}
            place = f"{where}.by_manager.{branch}"
            self.managers[branch] = Splitter(weights, places, place)

    def split_month(self, month: str, amount: Decimal) -> Iterator[Part]:
        """Yield the parts of a month's amount: each branch, then its managers."""
        for branch, part in self.branches.split_amount(amount).items():
            weight = self.branches.weights[branch]
            yield Part("branch", month, "branch", branch, None, weight, part)
            if branch in self.managers:
                yield from self._split_branch(month, branch, part)

    def _split_branch(self, month: str, branch: str, amount: Decimal) -> Iterator[Part]:
        """Yield the parts of a branch's amount."""
        managers = self.managers[branch]
        for manager, part in managers.split_amount(amount).items():
            weight = managers.weights[manager]
            yield Part("manager", month, "manager", manager, branch, weight, part)


def list_months(year: int) -> list[str]:
    """The year's months as YYYY-MM."""
    return [str(Month(year, number)) for number in range(1, 13)]
