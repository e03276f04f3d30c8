"""The metrics of the newest months: rows, outputs, orders, the gate's findings, the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar

from prometheus_client.core import GaugeMetricFamily

from pipelines.operations.series import Labels, make_gauge
from pipelines.store.lake import Version

STATUSES = ("released", "caveat", "withheld", "not_computed")
SEVERITIES = ("critical", "warning", "info")
LEVELS = ("green", "amber", "red")
ARMS = ("treated", "holdout")
_NOTE = "(stability: index against training)"
_R = TypeVar("_R")


def collect_month_metrics(
    versions: Mapping[str, Version],
) -> Iterator[GaugeMetricFamily]:
    """Yield the families of the versions, which are given by month, oldest first."""
    yield _collect_rows(versions)
    yield _collect_absent(versions)
    yield _collect_outputs(versions)
    yield _collect_orders(versions)
    yield _collect_findings(versions)
    yield from _collect_watch(versions)


def _read_table(row_type: type[_R], version: Version, table: str) -> list[_R]:
    """The rows of a table; nothing of one that was not computed."""
    if not version.is_computed(table):
        return []
    return version.read_as(row_type, table)


# -- tables ----------------------------------------------------------------------------------------


def _collect_rows(versions: Mapping[str, Version]) -> GaugeMetricFamily:
    rows: dict[Labels, float] = {}
    for month, version in versions.items():
        for name, entry in version.entries.items():
            if entry.rows is not None:
                rows[month, name] = entry.rows
    about = "Rows of a computed table"
    return make_gauge("retention_table_rows", about, ("month", "table"), rows)


def _collect_absent(versions: Mapping[str, Version]) -> GaugeMetricFamily:
    counts: dict[Labels, float] = {}
    for month, version in versions.items():
        absent = [entry for entry in version.entries.values() if not entry.is_computed]
        counts[(month,)] = len(absent)
    about = "Tables that could not be made"
    return make_gauge("retention_tables_not_computed", about, ("month",), counts)


# -- outputs and orders ----------------------------------------------------------------------------


class _KpiStatus(NamedTuple):
    """A row of `kpi_monthly`: of which scope it is, and whether it may be used."""

    scope_kind: str
    status: str


class _ListStatus(NamedTuple):
    """A row of `dispatch_list`: whether the list may be used."""

    list: str
    status: str


def _collect_outputs(versions: Mapping[str, Version]) -> GaugeMetricFamily:
    counts: Counter[Labels] = Counter()
    for month, version in versions.items():
        for status in STATUSES:
            counts[month, "kpi", status] = 0
            counts[month, "list", status] = 0
        for kpi in _read_table(_KpiStatus, version, "kpi_monthly"):
            if kpi.scope_kind == "company":
                counts[month, "kpi", kpi.status] += 1
        for found in _read_table(_ListStatus, version, "dispatch_list"):
            counts[month, "list", found.status] += 1

    about = "KPI variants (of the company) and lists by whether they may be used"
    return make_gauge("retention_outputs", about, ("month", "kind", "status"), counts)


class _OrderCount(NamedTuple):
    """How many orders of a list are of an arm."""

    list: str
    arm: str
    number: int


def _collect_orders(versions: Mapping[str, Version]) -> GaugeMetricFamily:
    counts: Counter[Labels] = Counter()
    for month, version in versions.items():
        for found in _read_table(_ListStatus, version, "dispatch_list"):
            for arm in ARMS:
                counts[month, found.list, arm] = 0
        for orders in _count_orders(version):
            counts[month, orders.list, orders.arm] = orders.number

    labels = ("month", "list", "arm")
    return make_gauge("retention_orders", "Orders by list and arm", labels, counts)


def _count_orders(version: Version) -> Iterator[_OrderCount]:
    """The orders by list and arm; Arrow counts them, for there may be very many."""
    if not version.is_computed("dispatch_order"):
        return
    keys = ["list", "arm"]
    orders = version.read_arrow("dispatch_order", keys)
    counted = orders.group_by(keys).aggregate([([], "count_all")])
    for row in counted.to_pylist():
        yield _OrderCount(row["list"], row["arm"], row["count_all"])


# -- the gate --------------------------------------------------------------------------------------


class _Result(NamedTuple):
    """A row of `validate_result`: how grave a check is, and what became of it."""

    severity: str
    state: str


def _collect_findings(versions: Mapping[str, Version]) -> GaugeMetricFamily:
    counts: Counter[Labels] = Counter()
    for month, version in versions.items():
        for severity in SEVERITIES:
            counts[month, severity, "failed"] = 0
        for result in _read_table(_Result, version, "validate_result"):
            if result.state != "passed":
                counts[month, result.severity, result.state] += 1

    about = "Checks of the gate that did not pass, by what became of them"
    labels = ("month", "severity", "state")
    return make_gauge("retention_gate_findings", about, labels, counts)


# -- the model -------------------------------------------------------------------------------------


class _Look(NamedTuple):
    """One look of a month's watch at the model: what was measured, and how far is still fine."""

    measure: str
    subject: str
    value: float | None
    limit: float | None
    level: str


def _collect_watch(versions: Mapping[str, Version]) -> Iterator[GaugeMetricFamily]:
    """Yield what the newest month's watch saw; a month that no champion scored has no looks."""
    month = ""
    looks: list[_Look] = []
    if versions:
        month = list(versions)[-1]
        looks = _read_table(_Look, versions[month], "score_watch")

    seen = [look for look in looks if look.measure != "retrain"]
    yield _collect_values(month, seen)
    yield _collect_limits(month, seen)
    yield _count_levels(month, looks, seen)

    reasons: dict[Labels, float] = {}
    if looks:
        reasons[(month,)] = len(looks) - len(seen)
    about = "Reasons to train a challenger"
    yield make_gauge("retention_model_retrain_reasons", about, ("month",), reasons)


def _count_levels(
    month: str, looks: list[_Look], seen: list[_Look]
) -> GaugeMetricFamily:
    """Count what was seen by level; every level is there where anybody looked."""
    levels: Counter[Labels] = Counter()
    if looks:
        for level in LEVELS:
            levels[month, level] = 0
    for look in seen:
        levels[month, look.level] += 1

    about = "Looks at the model by level"
    return make_gauge("retention_model_looks", about, ("month", "level"), levels)


def _collect_values(month: str, looks: list[_Look]) -> GaugeMetricFamily:
    values: dict[Labels, float] = {}
    for look in looks:
        if look.value is not None:
            values[month, look.measure, look.subject] = look.value
    about = f"What a look at the model saw {_NOTE}"
    labels = ("month", "measure", "subject")
    return make_gauge("retention_model_look_value", about, labels, values)


def _collect_limits(month: str, looks: list[_Look]) -> GaugeMetricFamily:
    limits: dict[Labels, float] = {}
    for look in looks:
        if look.limit is not None:
            limits[month, look.measure, look.subject] = look.limit
    about = f"How far is still fine {_NOTE}"
    labels = ("month", "measure", "subject")
    return make_gauge("retention_model_look_limit", about, labels, limits)
