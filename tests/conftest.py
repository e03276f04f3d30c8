"""What every run of tests needs: a folder that its processes share, and an end by signal that leaves nothing behind.

Nothing is synced to the disk: a month syncs some 230 times, a request of the console some ten. What that guards against,
a machine that loses its power, no test brings about; what a process has written is there when the process is killed.
"""

from __future__ import annotations

import gc
import os
import signal
from types import FrameType
from typing import Any

import pytest
from django.db.backends.signals import connection_created

from pipelines.core.paths import ROOT
from tests.support.made_once import open_shared_folder

pytest_plugins = ("tests.support.fixtures",)

# Months are released here with whatever key; the tests of the key itself take this away.
os.environ.setdefault("RETENTION_DEMONSTRATION", "true")
# Before anything imports a library that could call out.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
# As many tests run as there are cores: a second thread of theirs spins, waiting for a core that another test has. Fits of
# 40 trees on 1,500 rows took 5.5 seconds of CPU and 32 of the clock on a busy machine, and alone 0.2 and 0.7.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# A JVM of the tests lives for minutes: what its second compiler takes, it never gives back.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
# Files of which no test is slow and that take long all the same, with what they make first.
_LONG_TOGETHER = (
    "cases/test_cases.py",
    "cli/test_model_cli.py",
    "console/analysis/test_desk.py",
    "console/analysis/test_in_chromium.py",
    "console/branch/test_places.py",
    "console/quality/test_quality.py",
    "console/quality/test_quality_browser.py",
    "console/test_browser.py",
    "console/test_stack.py",
    "documents/test_export.py",
    "documents/test_lint.py",
    "documents/test_paper_files.py",
    "documents/test_periods.py",
    "jobs/intake/test_first_month.py",
    "jobs/test_figure.py",
    "jobs/test_month_costs.py",
    "jobs/test_restate.py",
    "jobs/test_restate_definition.py",
    "rooms/feedback/test_money.py",
    "rooms/feedback/test_verification.py",
    "rooms/report/test_complaints.py",
    "twin/test_loop.py",
)


def pytest_configure() -> None:
    """Open the shared folder before workers start; SIGTERM is an interrupt: fixtures then stop their servers."""
    open_shared_folder()
    os.fsync = _sync_nothing
    connection_created.connect(_sync_no_database)
    signal.signal(signal.SIGTERM, _interrupt)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long: where short ones come last all workers end together."""
    long = {ROOT / "tests" / name for name in _LONG_TOGETHER}
    long |= {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)


def pytest_collection_finish() -> None:
    """Spare the collector of garbage the thousands of tests, which stay to the end."""
    gc.freeze()


def _sync_nothing(fd: object) -> None:
    """Leave it to the kernel."""


def _sync_no_database(connection: Any, **facts: object) -> None:
    """Have SQLite leave it to the kernel."""
    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA synchronous = OFF")


def _interrupt(number: int, frame: FrameType | None) -> None:
    pytest.exit("terminated", returncode=128 + signal.SIGTERM)
