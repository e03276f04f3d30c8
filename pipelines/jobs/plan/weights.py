"""What held months say of branches and managers.

Who there is, and by what measure a plan is split among them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from pipelines.catalogue.spec import Spec, TableName, load_room_specs
from pipelines.catalogue.steps import read_step
from pipelines.core.errors import SpecError, UsageError
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.engines import open_workbench
from pipelines.engines.duckdb import DuckEngine, write_native_sql
from pipelines.jobs.plan.form import ByBranch, ByManager, Key, YearPlan
from pipelines.jobs.plan.split import UNCLAIMED, Tree, Weights, list_months
from pipelines.store.lake import MonthFolder, Version

ROOM = "plan"

# What else a month may know of branches and managers: a step, by the table that it reads.
_ALSO_KNOWN = {
    "features_manager": "known_managers",
    "snapshot_organisation": "known_branches",
}


class ScopeWeight(NamedTuple):
    """A measure of one manager in one branch; either may be `unclaimed`."""

    branch_id: str
    manager_id: str
    weight: Decimal


class BranchManager(NamedTuple):
    """A manager of a branch; None for a branch by itself."""

    branch_id: str
    manager_id: str | None


@dataclass(frozen=True)
class Places:
    """The branches and managers that a month knows, and the branches that have customers in it."""

    pairs: frozenset[BranchManager]
    serving: frozenset[str]

    @property
    def branches(self) -> frozenset[str]:
        """All branches."""
        return frozenset(pair.branch_id for pair in self.pairs)

    @property
    def managers(self) -> frozenset[str]:
        """All managers."""
        return frozenset(pair.manager_id for pair in self.pairs if pair.manager_id)


@dataclass
class HeldMonths:
    """The held months of a home, each measure added up once.

    `used` are the versions that were read.
    """

    home: Path
    settings: Settings
    used: dict[str, str] = field(default_factory=dict)
    _weights: dict[tuple[str, Month], list[ScopeWeight]] = field(default_factory=dict)
    _places: dict[Month, Places] = field(default_factory=dict)

    def open_version(self, month: Month) -> Version:
        """A month's current version; raise UsageError when it is not held."""
        version = MonthFolder(self.home, month).version()
        self.used[str(month)] = version.identity
        return version

    def is_held(self, month: Month) -> bool:
        """Whether there is a version of a month."""
        return MonthFolder(self.home, month).current() is not None

    def read_places(self, month: Month) -> Places:
        """The branches and managers that a month knows."""
        if month not in self._places:
            self._places[month] = _read_places(self.open_version(month), self.settings)
        return self._places[month]

    def read_weights(self, measure: str, month: Month) -> list[ScopeWeight]:
        """A measure by branch and manager, the unclaimed among both.

        Raise UsageError when a table of it is missing.
        """
        wanted = (measure, month)
        if wanted not in self._weights:
            spec = next(spec for spec in load_room_specs(ROOM) if spec.name == measure)
            version = self.open_version(month)
            self._weights[wanted] = _read_weights(version, spec, self.settings)
        return self._weights[wanted]

    def sum_measure(self, measure: str, month: Month) -> Decimal:
        """A measure of the whole company."""
        return sum(
            (row.weight for row in self.read_weights(measure, month)), Decimal(0)
        )


@contextmanager
def _open_engine(
    version: Version, tables: Iterable[TableName], settings: Settings
) -> Iterator[DuckEngine]:
    """Open an engine that may read some tables of a version."""
    with open_workbench(settings, [version.path]) as engine:
        for table in tables:
            engine.bind(table, version.table(table.name))
        yield engine


def _read_weights(
    version: Version, spec: Spec, settings: Settings
) -> list[ScopeWeight]:
    step = read_step(ROOM, "weight_by_manager")
    sql = step.bind_inputs({"measure": "weighed"})
    with _open_engine(version, {*spec.reads, *step.tables}, settings) as engine:
        engine.table("weighed", write_native_sql(spec))
        return [ScopeWeight(**row) for row in engine.rows(sql)]


def _read_places(version: Version, settings: Settings) -> Places:
    owning = _read_pairs(version, "owning_managers", settings)
    pairs = set(owning)
    for table, step in _ALSO_KNOWN.items():
        if version.is_computed(table):
            pairs |= _read_pairs(version, step, settings)
    serving = {pair.branch_id for pair in owning}
    return Places(frozenset(pairs), frozenset(serving))


def _read_pairs(version: Version, name: str, settings: Settings) -> set[BranchManager]:
    step = read_step(ROOM, name)
    with _open_engine(version, step.tables, settings) as engine:
        rows = engine.rows(step.bind_inputs({}))
    return {BranchManager(**row) for row in rows}


# -- a key's weights -------------------------------------------------------------------------------


def weigh_measure(name: str, plan: YearPlan, held: HeldMonths) -> Tree:
    """Return the weights of a measure's key, as given or as held months have them.

    Raise SpecError for months without weight and branches or managers that the key's month does not
    know.
    """
    key = plan.measures[name].key
    where = f"measures.{name}.key"
    month = Month.parse(key.month)
    months = _weigh_months(key, plan.year, held, where)
    if key.by_branch is None:
        return Tree(months)

    branches = _weigh_branches(key.by_branch, month, held)
    managers = None
    if key.by_manager is not None:
        managers = _weigh_managers(key.by_manager, month, held)
    places = held.read_places(month)
    _check_given_branches(key, places, f"{where}.by_branch")
    _check_given_managers(key, branches, places, f"{where}.by_manager")
    return Tree(months, branches, managers)


def _weigh_months(key: Key, year: int, held: HeldMonths, where: str) -> Weights:
    measure = key.by_month.year_before
    if measure is None:
        return key.by_month.list_given_weights(year, where)

    year_before = [Month.parse(month).plus(-12) for month in list_months(year)]
    missing = [str(month) for month in year_before if not held.is_held(month)]
    if missing:
        months = ", ".join(missing)
        raise UsageError(
            "plan.months_not_held", where=f"{where}.by_month", months=months
        )

    return {
        str(month.plus(12)): held.sum_measure(measure, month) for month in year_before
    }


def _weigh_branches(by_branch: ByBranch, month: Month, held: HeldMonths) -> Weights:
    if by_branch.measure is None:
        return by_branch.weights or {}
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in held.read_weights(by_branch.measure, month):
        sums[row.branch_id] += row.weight
    return sums


def _weigh_managers(
    by_manager: ByManager, month: Month, held: HeldMonths
) -> Mapping[str, Weights]:
    if by_manager.measure is None:
        return by_manager.weights or {}
    weights: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for row in held.read_weights(by_manager.measure, month):
        weights[row.branch_id][row.manager_id] = row.weight
    return weights


# -- given weights ---------------------------------------------------------------------------------


def _check_given_branches(key: Key, places: Places, where: str) -> None:
    """Refuse given weights of an unknown branch, or without a branch that has customers.

    Silence is no zero.
    """
    if key.by_branch is None or key.by_branch.weights is None:
        return
    given = set(key.by_branch.weights)
    _refuse_unknown(given - places.branches - {UNCLAIMED}, where, key.month)
    left_out = sorted(places.serving - given)
    if left_out:
        scope = ", ".join(left_out)
        raise SpecError("plan.scope_missing", where=where, scope=scope, month=key.month)


def _check_given_managers(
    key: Key, branches: Weights, places: Places, where: str
) -> None:
    """Refuse given weights of managers whom their branch does not know.

    And those of a branch that has no weight itself.
    """
    if key.by_manager is None or key.by_manager.weights is None:
        return

    given = key.by_manager.weights
    _refuse_unknown(set(given) - set(branches), where, key.month)
    strangers = set()
    for branch, weights in given.items():
        for manager in weights:
            if (
                manager != UNCLAIMED
                and BranchManager(branch, manager) not in places.pairs
            ):
                strangers.add(f"{branch}/{manager}")

    _refuse_unknown(strangers, where, key.month)


def _refuse_unknown(scopes: Iterable[str], where: str, month: str) -> None:
    named = ", ".join(sorted(scopes))
    if named:
        raise SpecError("plan.unknown_scope", where=where, scope=named, month=month)
