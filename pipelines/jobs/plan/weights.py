"""What held months say of branches and managers: who there is, and by what measure a plan is split among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipelines.catalogue.spec import Spec, TableName, room_specs
from pipelines.core.errors import SpecError, UsageError
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.engines.duckdb import DuckEngine, native
from pipelines.jobs.plan.form import ByBranch, ByManager, Key, YearPlan
from pipelines.jobs.plan.split import UNCLAIMED, Tree, Weights, months_of
from pipelines.store.lake import MonthFolder, Version

ROOM = "plan"
_OWNER = TableName("features_owner")

_BY_PLACE = """
SELECT
    COALESCE(o.branch_id, 'unclaimed') AS branch_id,
    COALESCE(o.manager_id, 'unclaimed') AS manager_id,
    CAST(SUM(w.weight) AS DECIMAL(28, 6)) AS weight
FROM ({measure}) AS w
LEFT JOIN features_owner AS o ON o.customer_id = w.customer_id
GROUP BY ALL
"""
_OWNING = "SELECT DISTINCT branch_id, manager_id FROM features_owner WHERE branch_id IS NOT NULL"
_EMPLOYED = (
    "SELECT DISTINCT branch_id, manager_id FROM features_manager WHERE branch_id IS NOT NULL"
)
_LISTED = "SELECT org_id AS branch_id, NULL AS manager_id FROM snapshot_organisation WHERE org_kind = 'branch'"


@dataclass(frozen=True)
class Places:
    """The branches and managers that a month knows, and the branches that have customers in it."""

    pairs: frozenset[tuple[str, str | None]]
    serving: frozenset[str]

    @property
    def branches(self) -> frozenset[str]:
        """All branches."""
        return frozenset(branch for branch, _ in self.pairs)

    @property
    def managers(self) -> frozenset[str]:
        """All managers."""
        return frozenset(manager for _, manager in self.pairs if manager)


@dataclass
class Held:
    """The held months of a home, each measure added up once; `used` are the versions that were read."""

    home: Path
    settings: Settings
    used: dict[str, str] = field(default_factory=dict)
    _weights: dict[tuple[str, Month], list[dict[str, Any]]] = field(default_factory=dict)
    _places: dict[Month, Places] = field(default_factory=dict)

    def version(self, month: Month) -> Version:
        """A month's current version; raise UsageError when it is not held."""
        version = MonthFolder(self.home, month).version()
        self.used[str(month)] = version.identity
        return version

    def places(self, month: Month) -> Places:
        """The branches and managers that a month knows."""
        if month not in self._places:
            self._places[month] = _read_places(self.version(month), self.settings)
        return self._places[month]

    def weights(self, measure: str, month: Month) -> list[dict[str, Any]]:
        """A measure by branch and manager, the unclaimed among both; raise UsageError when a table of it is missing."""
        if (measure, month) not in self._weights:
            spec = next(spec for spec in room_specs(ROOM) if spec.name == measure)
            self._weights[measure, month] = _read_weights(self.version(month), spec, self.settings)
        return self._weights[measure, month]

    def total(self, measure: str, month: Month) -> Decimal:
        """A measure of the whole company."""
        return sum((row["weight"] for row in self.weights(measure, month)), Decimal(0))


@contextmanager
def _opened(
    version: Version, tables: Iterable[TableName], settings: Settings
) -> Iterator[DuckEngine]:
    with (
        TemporaryDirectory(prefix="plan-") as scratch,
        DuckEngine(
            Path(scratch), [version.path], settings.memory_limit, settings.threads
        ) as engine,
    ):
        for table in tables:
            engine.bind(table, version.table(table.name))
        yield engine


def _read_weights(version: Version, spec: Spec, settings: Settings) -> list[dict[str, Any]]:
    with _opened(version, {*spec.reads, _OWNER}, settings) as engine:
        return engine.rows(_BY_PLACE.format(measure=native(spec)))


def _read_places(version: Version, settings: Settings) -> Places:
    more = {"features_manager": _EMPLOYED, "snapshot_organisation": _LISTED}
    known = {TableName(name): sql for name, sql in more.items() if version.is_computed(name)}
    with _opened(version, {_OWNER, *known}, settings) as engine:
        rows = {sql: engine.rows(sql) for sql in (_OWNING, *known.values())}
    pairs = {(row["branch_id"], row["manager_id"]) for found in rows.values() for row in found}
    return Places(frozenset(pairs), frozenset(row["branch_id"] for row in rows[_OWNING]))


# -- a key's weights ---------------------------------------------------------------------------------------------


def weigh(name: str, plan: YearPlan, held: Held) -> Tree:
    """Return the weights of a measure's key, as given or as held months have them.

    Raise SpecError for months without weight and branches or managers that the key's month does not know.
    """
    key, where = plan.measures[name].key, f"measures.{name}.key"
    month = Month.parse(key.month)
    months = _by_month(key, plan.year, held, where)
    if key.by_branch is None:
        return Tree(months)
    branches = _by_branch(key.by_branch, month, held)
    managers = _by_manager(key.by_manager, month, held) if key.by_manager else None
    _check_given(key, branches, held.places(month), where)
    return Tree(months, branches, managers)


def _by_month(key: Key, year: int, held: Held, where: str) -> Weights:
    measure = key.by_month.year_before
    if measure is None:
        return key.by_month.given(year, where)
    before = [Month.parse(month).plus(-12) for month in months_of(year)]
    if missing := [
        str(month) for month in before if MonthFolder(held.home, month).current() is None
    ]:
        raise UsageError(
            "plan.months_not_held", where=f"{where}.by_month", months=", ".join(missing)
        )
    return {str(month.plus(12)): held.total(measure, month) for month in before}


def _by_branch(way: ByBranch, month: Month, held: Held) -> Weights:
    if way.measure is None:
        return way.weights or {}
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in held.weights(way.measure, month):
        sums[row["branch_id"]] += row["weight"]
    return sums


def _by_manager(way: ByManager, month: Month, held: Held) -> Mapping[str, Weights]:
    if way.measure is None:
        return way.weights or {}
    found: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for row in held.weights(way.measure, month):
        found[row["branch_id"]][row["manager_id"]] = row["weight"]
    return found


def _check_given(key: Key, branches: Weights, places: Places, where: str) -> None:
    """Refuse given weights of who is not known, and those that leave out a branch with customers: silence is no zero."""
    given = key.by_branch.weights if key.by_branch else None
    if given is not None:
        _refuse(
            set(given) - places.branches - {UNCLAIMED},
            "plan.unknown_scope",
            f"{where}.by_branch",
            key.month,
        )
        _refuse(places.serving - set(given), "plan.scope_missing", f"{where}.by_branch", key.month)
    managers = (key.by_manager.weights if key.by_manager else None) or {}
    at = f"{where}.by_manager"
    _refuse(set(managers) - set(branches), "plan.unknown_scope", at, key.month)
    pairs = {
        (branch, name)
        for branch, weights in managers.items()
        for name in weights
        if name != UNCLAIMED
    }
    strangers = {f"{branch}/{name}" for branch, name in pairs - places.pairs}
    _refuse(strangers, "plan.unknown_scope", at, key.month)


def _refuse(scopes: Iterable[str], error: str, where: str, month: str) -> None:
    if named := ", ".join(sorted(scopes)):
        raise SpecError(error, where=where, scope=named, month=month)
