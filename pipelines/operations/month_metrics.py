"""The metrics of the newest months: rows, outputs, orders, the gate's findings, the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
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
    yield from _collect_looks(versions)


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
        for name, entry in version.entries.items():
            if entry.rows is not None:
                rows[month, name] = float(entry.rows)
            if not entry.is_computed:
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

    measure: str
    subject: str
    value: float | None
    limit: float | None
    level: str


def _collect_looks(versions: Mapping[str, Version]) -> Iterator[GaugeMetricFamily]:
    """Yield what the newest month's watch saw; a month that no champion scored has no looks."""
    month, looks = _read_newest_looks(versions)
    seen = [look for look in looks if look.measure != "retrain"]
    labels = ("month", "measure", "subject")
    note = "(stability: index against training)"

    values: dict[Labels, float] = {}
    limits: dict[Labels, float] = {}
    for look in seen:
        if look.value is not None:
            values[month, look.measure, look.subject] = look.value
        if look.limit is not None:
            limits[month, look.measure, look.subject] = look.limit
    about_value = f"What a look at the model saw {note}"
    yield make_gauge("retention_model_look_value", about_value, labels, values)
    about_limit = f"How far is still fine {note}"
    yield make_gauge("retention_model_look_limit", about_limit, labels, limits)

    levels: Counter[Labels] = Counter()
    reasons: Counter[Labels] = Counter()
    if looks:
        levels.update({(month, level): 0 for level in LEVELS})
        levels.update((month, look.level) for look in seen)
        reasons[(month,)] = len(looks) - len(seen)
    yield make_gauge(
        "retention_model_looks", "Looks at the model by level", ("month", "level"), levels
    )
    about_reasons = "Reasons to train a challenger"
    yield make_gauge("retention_model_retrain_reasons", about_reasons, ("month",), reasons)


def _read_newest_looks(versions: Mapping[str, Version]) -> tuple[str, list[_Look]]:
    """The newest month and the looks of its watch, if there are any."""
    if not versions:
        return "", []
    month = list(versions)[-1]
    version = versions[month]
    if not version.is_computed("score_watch"):
        return month, []
    return month, version.read_as(_Look, "score_watch")
