"""The home as it stands, as Prometheus metrics: gauges drawn from manifests, tables of the newest months, the office.

Labels are names of tables, outputs, lists, rules and months, never of people, and only the newest months have series
of their own. Points in time are timestamps, so that a file that nobody writes any more grows old by itself.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from pipelines.core.errors import RetentionError
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.sources.office.changes import count_overdue
from pipelines.store.files import EVERYBODY, write_text
from pipelines.store.lake import MonthFolder, Version, held_months

NEWEST = 3  # months with series of their own: orders are still worked and verified in them
STATUSES = ("released", "caveat", "withheld", "not_computed")
SEVERITIES = ("critical", "warning", "info")
LEVELS = ("green", "amber", "red")
ARMS = ("treated", "holdout")
OPENED = ("kpi_monthly", "dispatch_list", "dispatch_order", "validate_result", "score_watch")
Labels = tuple[str, ...]


class HomeCollector(Collector):
    """Reads a home anew at every scrape; one that cannot be read is told by a gauge, not by an error."""

    def __init__(self, home: Path, today: date) -> None:
        self.home = home
        self.today = today

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield every family, those of a month for the newest held ones."""
        folders = [MonthFolder(self.home, month) for month in held_months(self.home)]
        readable = {
            str(f.month): version for f in folders[-NEWEST:] if (version := readable_version(f))
        }
        yield from _of_home(self.home, folders)
        yield _gauge(
            "retention_month_readable",
            "Whether manifest and tables of the newest months can be read",
            ("month",),
            {(str(f.month),): float(str(f.month) in readable) for f in folders[-NEWEST:]},
        )
        yield from _of_tables(readable)
        yield from _of_outputs(readable)
        yield from _of_orders(readable)
        yield from _of_gate(readable)
        yield from _of_model(readable)
        yield from _of_office(self.home, self.today)


def draw_metrics(home: Path, today: date) -> str:
    """Return the home's metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(HomeCollector(home, today))
    return generate_latest(registry).decode()


def write_metrics(home: Path, today: date, out: Path) -> int:
    """Write the metrics whole or not at all, as node_exporter's textfile collector wants it; return the series."""
    text = draw_metrics(home, today)
    write_text(out, text, EVERYBODY)  # node_exporter is another user
    return sum(not line.startswith("#") for line in text.splitlines())


def _gauge(name: str, about: str, labels: Labels, values: Mapping[Any, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=labels)
    for names, value in sorted(values.items()):
        family.add_metric(names, value)
    return family


def readable_version(folder: MonthFolder) -> Version | None:
    """The current version of a month when manifest and tables can be read; None when not."""
    try:
        version = folder.version()
        for table in filter(version.is_computed, OPENED):
            pq.read_schema(version.table(table))
    except (OSError, ValueError, KeyError, RetentionError):
        return None
    return version


# -- the home ----------------------------------------------------------------------------------------------------


def _of_home(home: Path, folders: list[MonthFolder]) -> Iterator[GaugeMetricFamily]:
    sealed = [folder.month for folder in folders if (folder.path / "SEAL.json").exists()]
    months = [folder.month for folder in folders]
    yield _one("retention_months_held", "Months that have a current version", len(months))
    yield _one("retention_months_released", "Months that are sealed", len(sealed))
    yield from _ends("retention_newest_month", "Last day of the newest month held", months)
    yield from _ends(
        "retention_newest_released_month", "Last day of the newest month released", sealed
    )
    yield _one(
        "retention_days_held",
        "Folders of days between months",
        len(list((home / "days").glob("????-??-??"))),
    )
    yield _one(
        "retention_drafts",
        "Versions begun and not finished",
        len(list(home.glob("*/*/v*.partial"))),
    )
    if home.is_dir():
        yield _one(
            "retention_home_free_bytes", "Space free beside the home", shutil.disk_usage(home).free
        )


def _one(name: str, about: str, value: float) -> GaugeMetricFamily:
    return _gauge(name, about, (), {(): value})


def _ends(name: str, about: str, months: list[Month]) -> Iterator[GaugeMetricFamily]:
    """Yield the end of the newest month; nothing where there is none, which `absent()` sees."""
    if months:
        after = months[-1].plus(1).first_day
        seconds = datetime(after.year, after.month, 1, tzinfo=UTC).timestamp()
        yield _one(
            f"{name}_end_timestamp_seconds",
            f"{about}, as the first instant after it (UTC)",
            seconds,
        )


# -- the newest months -------------------------------------------------------------------------------------------


def _of_tables(versions: Mapping[str, Version]) -> Iterator[GaugeMetricFamily]:
    rows: dict[Labels, float] = {}
    absent: dict[Labels, float] = {}
    for month, version in versions.items():
        tables = version.manifest["tables"]
        rows |= {(month, n): float(e["rows"]) for n, e in tables.items() if "rows" in e}
        absent[(month,)] = float(sum(e["status"] != "computed" for e in tables.values()))
    yield _gauge("retention_table_rows", "Rows of a computed table", ("month", "table"), rows)
    yield _gauge(
        "retention_tables_not_computed", "Tables that could not be made", ("month",), absent
    )


def _of_outputs(versions: Mapping[str, Version]) -> Iterator[GaugeMetricFamily]:
    found: Counter[Labels] = Counter()
    for month, version in versions.items():
        found.update({(month, kind, status): 0 for kind in ("kpi", "list") for status in STATUSES})
        kpis = _rows(version, "kpi_monthly", "status", "scope_kind")
        found.update(
            (month, "kpi", row["status"]) for row in kpis if row["scope_kind"] == "company"
        )
        found.update(
            (month, "list", row["status"]) for row in _rows(version, "dispatch_list", "status")
        )
    about = "KPI variants (of the company) and lists by whether they may be used"
    yield _gauge("retention_outputs", about, ("month", "kind", "status"), dict(found))


def _of_orders(versions: Mapping[str, Version]) -> Iterator[GaugeMetricFamily]:
    found: dict[Labels, float] = {}
    for month, version in versions.items():
        names = [row["list"] for row in _rows(version, "dispatch_list", "list")]
        found |= {(month, name, arm): 0.0 for name in names for arm in ARMS}
        if version.is_computed("dispatch_order"):
            orders = pq.read_table(version.table("dispatch_order"), columns=["list", "arm"])
            for row in orders.group_by(["list", "arm"]).aggregate([([], "count_all")]).to_pylist():
                found[month, row["list"], row["arm"]] = float(row["count_all"])
    yield _gauge("retention_orders", "Orders by list and arm", ("month", "list", "arm"), found)


def _of_gate(versions: Mapping[str, Version]) -> Iterator[GaugeMetricFamily]:
    found: Counter[Labels] = Counter()
    for month, version in versions.items():
        found.update({(month, severity, "failed"): 0 for severity in SEVERITIES})
        rows = _rows(version, "validate_result", "severity", "state")
        found.update(
            (month, row["severity"], row["state"]) for row in rows if row["state"] != "passed"
        )
    about = "Checks of the gate that did not pass, by what became of them"
    yield _gauge("retention_gate_findings", about, ("month", "severity", "state"), dict(found))


def _of_model(versions: Mapping[str, Version]) -> Iterator[GaugeMetricFamily]:
    """Yield what the newest month's watch saw; a month that no champion scored has no looks."""
    looks = [
        (month, row) for month, version in list(versions.items())[-1:] for row in _watch(version)
    ]
    seen = [(month, row) for month, row in looks if row["measure"] != "retrain"]
    labels = ("month", "measure", "subject")
    for name, about in (
        ("value", "What a look at the model saw"),
        ("limit", "How far is still fine"),
    ):
        told = {
            (month, r["measure"], r["subject"]): r[name] for month, r in seen if r[name] is not None
        }
        yield _gauge(
            f"retention_model_look_{name}",
            f"{about} (stability: index against training)",
            labels,
            told,
        )
    levels: Counter[Labels] = Counter({(month, level): 0 for month, _ in looks for level in LEVELS})
    levels.update((month, row["level"]) for month, row in seen)
    yield _gauge(
        "retention_model_looks", "Looks at the model by level", ("month", "level"), dict(levels)
    )
    reasons: Counter[Labels] = Counter({(month,): 0 for month, _ in looks})
    reasons.update((month,) for month, row in looks if row["measure"] == "retrain")
    yield _gauge(
        "retention_model_retrain_reasons",
        "Reasons to train a challenger",
        ("month",),
        dict(reasons),
    )


def _watch(version: Version) -> Iterable[dict[str, Any]]:
    return _rows(version, "score_watch", "measure", "subject", "value", "limit", "level")


def _rows(version: Version, table: str, *columns: str) -> list[dict[str, Any]]:
    """Read some columns of a table; nothing of one that was not computed."""
    if not version.is_computed(table):
        return []
    rows: list[dict[str, Any]] = pq.read_table(
        version.table(table), columns=list(columns)
    ).to_pylist()
    return rows


# -- the office --------------------------------------------------------------------------------------------------


def _of_office(home: Path, today: date) -> Iterator[GaugeMetricFamily]:
    try:
        overdue = count_overdue(load_settings().office_database(home), today)
    except RetentionError:
        yield _one("retention_office_up", "Whether the office database can be read", 0)
        return
    yield _one("retention_office_up", "Whether the office database can be read", 1)
    about = "Orders that left the house, were due before today, and have no outcome"
    values = {key: float(count) for key, count in overdue.items()}
    yield _gauge("retention_orders_overdue", about, ("month", "list"), values)
