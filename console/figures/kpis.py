"""The KPIs of a branch or a manager by how far they miss, and behind a branch's its managers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from console.figures.spark import Spark, make_spark
from pipelines.catalogue.outputs import is_target_met, load_kpis
from pipelines.documents.reports.charts import Bar, draw_trend
from pipelines.store.lake import Version
from pipelines.text.texts import say_reasons
from pipelines.text.units import format_figure

_MONTHLY = "kpi_monthly"
_TREND = "kpi_trend"
_MANAGERS = "features_manager"
_MOST_MONTHS = 13


class Wanted(NamedTuple):
    """A KPI variant."""

    kpi: str
    variant: str


@dataclass(frozen=True)
class KpiLine:
    """A KPI of a branch or a manager in words; `miss` is the share of its target that it misses."""

    wanted: Wanted
    scope_id: str
    title: str
    value: str
    target: str
    gap: str
    is_met: bool | None
    miss: float
    rank: int | None
    numerator: str
    denominator: str
    status: str
    reason: str
    spark: Spark | None = None


class Scope(NamedTuple):
    """Whose KPIs are wanted: a branch's or a manager's (`kind`)."""

    kind: str
    id: str


class Meaning(NamedTuple):
    """What a KPI is called and how it is read."""

    title: str
    unit: str
    better: str


def load_meanings(language: str) -> dict[Wanted, Meaning]:
    """Return the KPI variants with their titles, units and directions."""
    meanings = {}
    for kpi in load_kpis():
        for variant in kpi.variants:
            own = kpi.meta["variants"][variant][language]
            title = f"{kpi.meta['title'][language]} · {own}"
            meaning = Meaning(title, kpi.meta["unit"], kpi.meta["better"])
            meanings[Wanted(kpi.name, variant)] = meaning
    return meanings


def read_scope(version: Version, scope: Scope, language: str) -> list[KpiLine]:
    """Return the default KPIs of a branch or a manager, what misses its target by most first."""
    wanted = {"scope_kind": scope.kind, "scope_id": scope.id}
    rows = version.read_rows(_MONTHLY, where=wanted)
    points = _read_trends(version, wanted)
    meanings = load_meanings(language)
    lines = []
    for row in rows:
        name = Wanted(row["kpi"], row["variant"])
        if row["is_default"] and name in meanings:
            numbers = [point.number for point in points.get(name, [])]
            lines.append(_make_line(row, meanings[name], language, numbers))
    return sorted(lines, key=lambda line: (-line.miss, line.title))


def read_scopes(
    version: Version, kind: str, ids: Container[str], wanted: Wanted, language: str
) -> list[KpiLine]:
    """Return one KPI of some branches or managers (`kind`), the worst first."""
    meaning = load_meanings(language)[wanted]
    where = {"kpi": wanted.kpi, "variant": wanted.variant, "scope_kind": kind}
    lines = []
    for row in version.read_rows(_MONTHLY, where=where):
        if row["scope_id"] in ids:
            lines.append((_make_line(row, meaning, language, []), row["value"]))
    sign = 1 if meaning.better == "higher" else -1

    def find_place(entry: tuple[KpiLine, float | None]) -> tuple[bool, float]:
        _, value = entry
        return value is None, sign * (value or 0.0)

    return [line for line, _ in sorted(lines, key=find_place)]


def draw_scope_trend(
    version: Version, scope: Scope, wanted: Wanted, language: str
) -> str:
    """Draw a KPI of a scope over the months; nothing where only one is known."""
    where = {"scope_kind": scope.kind, "scope_id": scope.id}
    points = _read_trends(version, where).get(wanted, [])
    if len(points) < 2:
        return ""
    meaning = load_meanings(language)[wanted]
    bars = [
        Bar(point.month, point.number, format_figure(point.number, meaning.unit))
        for point in points
    ]
    return draw_trend(meaning.title, bars)


class Point(NamedTuple):
    """A month of a line."""

    month: str
    number: float


def _read_trends(
    version: Version, where: Mapping[str, str]
) -> dict[Wanted, list[Point]]:
    """The last months of every KPI of a scope."""
    trends: dict[Wanted, list[Point]] = defaultdict(list)
    if not version.is_computed(_TREND):
        return trends
    columns = ["seen_month", "kpi", "variant", "value"]
    rows = version.read_rows(_TREND, columns, where)
    for row in sorted(rows, key=lambda row: str(row["seen_month"])):
        if row["value"] is not None:
            point = Point(row["seen_month"], row["value"])
            trends[Wanted(row["kpi"], row["variant"])].append(point)
    return {name: points[-_MOST_MONTHS:] for name, points in trends.items()}


def _make_line(
    row: Mapping[str, Any], meaning: Meaning, language: str, numbers: list[float]
) -> KpiLine:
    """A row of KPIs in words."""
    gap, target = row["gap"], row["target"]
    is_met = None if gap is None else is_target_met(meaning.better, gap)
    return KpiLine(
        wanted=Wanted(row["kpi"], row["variant"]),
        scope_id=row["scope_id"],
        title=meaning.title,
        value=format_figure(row["value"], meaning.unit),
        target=format_figure(target, meaning.unit),
        gap=say_gap(gap, meaning.unit),
        is_met=is_met,
        miss=_measure_miss(gap, target, is_met),
        rank=row["rank"],
        numerator=f"{row['numerator'] or 0:,.2f}",
        denominator=f"{row['denominator'] or 0:,.2f}",
        status=row["status"],
        reason=say_reasons(language, row["reason"]),
        spark=make_spark(numbers),
    )


def say_gap(gap: float | None, unit: str) -> str:
    """A distance from a target: of shares in points."""
    if gap is None or unit != "ratio":
        return format_figure(gap, unit)
    return _("%(count)s points") % {"count": format_figure(gap, "points")}  # type: ignore[no-any-return]


def _measure_miss(
    gap: float | None, target: float | None, is_met: bool | None
) -> float:
    """By what share of the target a value misses it; 0 where it is met or there is none."""
    if gap is None or is_met or not target:
        return 0.0
    return abs(gap / target)


# -- who works there -------------------------------------------------------------------------------


class ManagerRow(NamedTuple):
    """A manager at work in a month, and what they are called."""

    manager_id: str
    name: str


def list_managers(version: Version, branch_id: str) -> list[ManagerRow]:
    """Return the managers of a branch by id."""
    if not version.is_computed(_MANAGERS):
        return []
    rows = version.read_rows(_MANAGERS, ["manager_id"], {"branch_id": branch_id})
    ids = sorted(row["manager_id"] for row in rows)
    names = _read_names(version, ids)
    return [ManagerRow(name, names.get(name) or name) for name in ids]


def _read_names(version: Version, manager_ids: Iterable[str]) -> dict[str, str]:
    table = "snapshot_account_manager"
    if not version.is_computed(table):
        return {}
    wanted = {"manager_id": tuple(manager_ids)}
    rows = version.read_rows(table, ["manager_id", "name"], wanted)
    return {row["manager_id"]: row["name"] for row in rows}
