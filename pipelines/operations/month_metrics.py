"""The metrics of the newest months: rows, outputs, orders, the gate's findings, the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow.parquet as pq
from prometheus_client.core import GaugeMetricFamily

from pipelines.operations.series import Labels, make_gauge
from pipelines.store.lake import Version

STATUSES = ("released", "caveat", "withheld", "not_computed")
SEVERITIES = ("critical", "warning", "info")
LEVELS = ("green", "amber", "red")
ARMS = ("treated", "holdout")


def collect_month_metrics(versions: Mapping[str, Version]) -> Iterator[GaugeMetricFamily]:
    """Yield the families of the versions, which are given by month, oldest first."""
    yield from _collect_tables(versions)
    yield _collect_outputs(versions)
    yield _collect_orders(versions)
    yield _collect_findings(versions)
    yield from _collect_looks(_read_newest_looks(versions))


def _read_pairs(version: Version, table: str, first: str, second: str) -> list[tuple[str, str]]:
    """Two columns of a table, row by row; nothing of a table that was not computed."""
    if not version.is_computed(table):
        return []
    columns = pq.read_table(version.table(table), columns=[first, second])
    firsts = columns.column(first).to_pylist()
    seconds = columns.column(second).to_pylist()
    return list(zip(firsts, seconds, strict=True))


# -- tables, outputs, orders -----------------------------------------------------------------------


def _collect_tables(versions: Mapping[str, Version]) -> Iterator[GaugeMetricFamily]:
    rows: dict[Labels, float] = {}
    absent: dict[Labels, float] = {}
    for month, version in versions.items():
        not_computed = 0
        for name, entry in version.manifest["tables"].items():
            if "rows" in entry:
                rows[month, name] = float(entry["rows"])
            if entry["status"] != "computed":
                not_computed += 1
        absent[(month,)] = float(not_computed)
    yield make_gauge("retention_table_rows", "Rows of a computed table", ("month", "table"), rows)
    yield make_gauge(
        "retention_tables_not_computed", "Tables that could not be made", ("month",), absent
    )


def _collect_outputs(versions: Mapping[str, Version]) -> GaugeMetricFamily:
    counts: Counter[Labels] = Counter()
    for month, version in versions.items():
        for status in STATUSES:
            counts[month, "kpi", status] = 0
            counts[month, "list", status] = 0
        for status, scope_kind in _read_pairs(version, "kpi_monthly", "status", "scope_kind"):
            if scope_kind == "company":
                counts[month, "kpi", status] += 1
        for _, status in _read_pairs(version, "dispatch_list", "list", "status"):
            counts[month, "list", status] += 1
    about = "KPI variants (of the company) and lists by whether they may be used"
    return make_gauge("retention_outputs", about, ("month", "kind", "status"), counts)


def _collect_orders(versions: Mapping[str, Version]) -> GaugeMetricFamily:
    counts: Counter[Labels] = Counter()
    for month, version in versions.items():
        for name, _ in _read_pairs(version, "dispatch_list", "list", "status"):
            for arm in ARMS:
                counts[month, name, arm] = 0
        for name, arm, count in _count_orders(version):
            counts[month, name, arm] = count
    return make_gauge(
        "retention_orders", "Orders by list and arm", ("month", "list", "arm"), counts
    )


def _count_orders(version: Version) -> Iterator[tuple[str, str, int]]:
    """List, arm and number of the orders; Arrow counts them, for there may be very many."""
    if not version.is_computed("dispatch_order"):
        return
    orders = pq.read_table(version.table("dispatch_order"), columns=["list", "arm"])
    counted = orders.group_by(["list", "arm"]).aggregate([([], "count_all")])
    for row in counted.to_pylist():
        yield row["list"], row["arm"], row["count_all"]


def _collect_findings(versions: Mapping[str, Version]) -> GaugeMetricFamily:
    counts: Counter[Labels] = Counter()
    for month, version in versions.items():
        for severity in SEVERITIES:
            counts[month, severity, "failed"] = 0
        for severity, state in _read_pairs(version, "validate_result", "severity", "state"):
            if state != "passed":
                counts[month, severity, state] += 1
    about = "Checks of the gate that did not pass, by what became of them"
    return make_gauge("retention_gate_findings", about, ("month", "severity", "state"), counts)


# -- the model -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Look:
    """One look of a month's watch at the model: what was measured, and how far is still fine."""

    month: str
    measure: str
    subject: str
    value: float | None
    limit: float | None
    level: str

    @property
    def labels(self) -> Labels:
        return self.month, self.measure, self.subject


def _read_newest_looks(versions: Mapping[str, Version]) -> list[_Look]:
    """What the newest month's watch saw; a month that no champion scored has no looks."""
    if not versions:
        return []
    month = list(versions)[-1]
    version = versions[month]
    if not version.is_computed("score_watch"):
        return []
    columns = ["measure", "subject", "value", "limit", "level"]
    rows = pq.read_table(version.table("score_watch"), columns=columns).to_pylist()
    return [_Look(month, **row) for row in rows]


def _collect_looks(looks: list[_Look]) -> Iterator[GaugeMetricFamily]:
    seen = [look for look in looks if look.measure != "retrain"]
    retrain = [look for look in looks if look.measure == "retrain"]
    note = "(stability: index against training)"
    labels = ("month", "measure", "subject")

    values = {look.labels: look.value for look in seen if look.value is not None}
    about_value = f"What a look at the model saw {note}"
    yield make_gauge("retention_model_look_value", about_value, labels, values)

    limits = {look.labels: look.limit for look in seen if look.limit is not None}
    about_limit = f"How far is still fine {note}"
    yield make_gauge("retention_model_look_limit", about_limit, labels, limits)

    levels = _count_levels(looks, seen)
    about_levels = "Looks at the model by level"
    yield make_gauge("retention_model_looks", about_levels, ("month", "level"), levels)

    reasons: Counter[Labels] = Counter()
    for look in looks:
        reasons[(look.month,)] = 0
    for look in retrain:
        reasons[(look.month,)] += 1
    about_reasons = "Reasons to train a challenger"
    yield make_gauge("retention_model_retrain_reasons", about_reasons, ("month",), reasons)


def _count_levels(looks: Iterable[_Look], seen: Iterable[_Look]) -> Counter[Labels]:
    """The looks by level, every level named for a month that has looks."""
    levels: Counter[Labels] = Counter()
    for look in looks:
        for level in LEVELS:
            levels[look.month, level] = 0
    for look in seen:
        levels[look.month, look.level] += 1
    return levels
