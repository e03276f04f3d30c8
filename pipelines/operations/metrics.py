"""The home as it stands, as Prometheus metrics.

The gauges are drawn from manifests, tables of the newest months and the office.

Labels are names of tables, outputs, lists, rules and months, never of people, and only the newest
months have series of their own. Points in time are timestamps, so that a file that nobody writes
any more grows old by itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from pipelines.core.errors import RetentionError
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.operations.month_metrics import collect_month_metrics
from pipelines.operations.series import Labels, make_gauge, make_single_gauge
from pipelines.sources.office.changes import count_overdue
from pipelines.store.files import EVERYBODY, write_text
from pipelines.store.lake import MonthFolder, Version, list_held_months

# Months with series of their own: orders are still worked and verified in them.
NEWEST = 3
OPENED = (
    "kpi_monthly",
    "dispatch_list",
    "dispatch_order",
    "validate_result",
    "score_watch",
)


class HomeCollector(Collector):
    """Reads a home anew at every scrape.

    One that cannot be read is reported by a gauge, not by an error.
    """

    def __init__(self, home: Path, today: date) -> None:
        self.home = home
        self.today = today

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield every family, those of a month for the newest held ones.

        Prometheus' client calls it.
        """
        folders = [
            MonthFolder(self.home, month) for month in list_held_months(self.home)
        ]
        newest = folders[-NEWEST:]
        readable = _find_readable(newest)
        yield from _collect_home(self.home, folders)
        yield _collect_readability(newest, readable)
        yield from collect_month_metrics(readable)
        yield from _collect_office(self.home, self.today)


def draw_metrics(home: Path, today: date) -> str:
    """Return the home's metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(HomeCollector(home, today))
    return generate_latest(registry).decode()


def write_metrics(home: Path, today: date, out: Path) -> int:
    """Write the metrics whole or not at all, as node_exporter's textfile collector wants it.

    Return the series.
    """
    text = draw_metrics(home, today)
    write_text(out, text, EVERYBODY)  # node_exporter is another user
    return sum(not line.startswith("#") for line in text.splitlines())


# -- what can be read ------------------------------------------------------------------------------


def find_readable_version(folder: MonthFolder) -> Version | None:
    """Return the current version of a month when manifest and tables can be read; None when not."""
    try:
        version = folder.version()
        for table in OPENED:
            if version.is_computed(table):
                version.read_schema(table)
    except (OSError, ValueError, KeyError, RetentionError):
        return None
    return version


def _find_readable(folders: list[MonthFolder]) -> dict[str, Version]:
    """The versions that can be read, by month."""
    readable = {}
    for folder in folders:
        version = find_readable_version(folder)
        if version is not None:
            readable[str(folder.month)] = version
    return readable


def _collect_readability(
    folders: list[MonthFolder], readable: Mapping[str, Version]
) -> GaugeMetricFamily:
    values: dict[Labels, float] = {}
    for folder in folders:
        month = str(folder.month)
        values[(month,)] = float(month in readable)
    about = "Whether manifest and tables of the newest months can be read"
    return make_gauge("retention_month_readable", about, ("month",), values)


# -- the home --------------------------------------------------------------------------------------


def _collect_home(
    home: Path, folders: list[MonthFolder]
) -> Iterator[GaugeMetricFamily]:
    months = [folder.month for folder in folders]
    sealed = [
        folder.month for folder in folders if (folder.path / "SEAL.json").exists()
    ]
    yield make_single_gauge(
        "retention_months_held", "Months that have a current version", len(months)
    )
    yield make_single_gauge(
        "retention_months_released", "Months that are sealed", len(sealed)
    )
    yield from _collect_newest(
        "retention_newest_month", "Last day of the newest month held", months
    )
    yield from _collect_newest(
        "retention_newest_released_month",
        "Last day of the newest month released",
        sealed,
    )
    days = list((home / "days").glob("????-??-??"))
    yield make_single_gauge(
        "retention_days_held", "Folders of days between months", len(days)
    )
    drafts = list(home.glob("*/*/v*.partial"))
    yield make_single_gauge(
        "retention_drafts", "Versions begun and not finished", len(drafts)
    )
    if home.is_dir():
        free = shutil.disk_usage(home).free
        yield make_single_gauge(
            "retention_home_free_bytes", "Space free beside the home", free
        )


def _collect_newest(
    name: str, about: str, months: list[Month]
) -> Iterator[GaugeMetricFamily]:
    """Yield the end of the newest month; nothing where there is none, which `absent()` sees."""
    if not months:
        return
    after = months[-1].plus(1).first_day
    seconds = datetime(after.year, after.month, 1, tzinfo=UTC).timestamp()
    yield make_single_gauge(
        f"{name}_end_timestamp_seconds",
        f"{about}, as the first instant after it (UTC)",
        seconds,
    )


# -- the office ------------------------------------------------------------------------------------


def _collect_office(home: Path, today: date) -> Iterator[GaugeMetricFamily]:
    name = "retention_office_up"
    about = "Whether the office database can be read"
    try:
        overdue = count_overdue(load_settings().office_database(home), today)
    except RetentionError:
        yield make_single_gauge(name, about, 0)
        return

    yield make_single_gauge(name, about, 1)
    yield make_gauge(
        "retention_orders_overdue",
        "Orders that left the house, were due before today, and have no outcome",
        ("month", "list"),
        {key: float(count) for key, count in overdue.items()},
    )
