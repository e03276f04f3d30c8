"""What every test run needs: an end by signal is an end like any other, so that nothing started is left behind."""

from __future__ import annotations

import os
import signal
from types import FrameType

import pytest

pytest_plugins = ("tests.support.fixtures",)

# Months are released here with whatever key; the tests of the key itself take this away.
os.environ.setdefault("RETENTION_DEMONSTRATION", "true")
# Before anything imports a library that could call out.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")


def pytest_configure() -> None:
    """Turn SIGTERM into an interrupt: fixtures then stop the servers they have started."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    pytest.exit("terminated", returncode=128 + signal.SIGTERM)
