"""What every run of tests needs: a folder that its processes share, and an end by signal that leaves nothing behind."""

from __future__ import annotations

import gc
import os
import signal
from types import FrameType

import pytest

from tests.support.made_once import open_shared_folder

pytest_plugins = ("tests.support.fixtures",)

# Months are released here with whatever key; the tests of the key itself take this away.
os.environ.setdefault("RETENTION_DEMONSTRATION", "true")
# Before anything imports a library that could call out.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
# A JVM of the tests lives for minutes: what its second compiler takes, it never gives back.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")


def pytest_configure() -> None:
    """Open the shared folder before workers start; SIGTERM is an interrupt: fixtures then stop their servers."""
    open_shared_folder()
    signal.signal(signal.SIGTERM, _interrupt)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have slow tests: where short ones come last all workers end together."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """Spare the collector of garbage the thousands of tests, which stay to the end."""
    gc.freeze()


def _interrupt(number: int, frame: FrameType | None) -> None:
    pytest.exit("terminated", returncode=128 + signal.SIGTERM)
