"""How far a run is: a bar on a terminal, or JSON lines for a log collector (RETENTION_LOG_FORMAT=json).

A line has ts, level, key and, where they are known, month (or day), room, table and counts; never a customer's data.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from pipelines import ROOMS
from pipelines.core.errors import RetentionError
from pipelines.core.settings import load_settings

PATIENCE_SECONDS = 2.0
Report = Callable[[str], None]


@contextmanager
def month_progress(period: object, enabled: bool = True) -> Iterator[Report]:
    """Give a callback for the table being made of a month or day; all that is told goes to stderr.

    Lines are written whoever listens, the bar only where somebody watches.
    """
    if load_settings().log_format == "json":
        with _logged(period) as report:
            yield report
    elif enabled and sys.stderr.isatty():
        with _drawn() as report:
            yield report
    else:
        yield lambda step: None


def task_progress(period: object) -> Report:
    """Return a callback for the table being made that writes to the log of a scheduler's task: names, or JSON lines."""
    return _Lines(period, sys.stdout).report if load_settings().log_format == "json" else print


@contextmanager
def _drawn() -> Iterator[Report]:
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    )
    task = bar.add_task("", total=None)
    started = time.monotonic()

    def report(step: str) -> None:
        bar.update(task, description=step, advance=1)
        if time.monotonic() - started > PATIENCE_SECONDS and not bar.live.is_started:
            bar.start()

    try:
        yield report
    finally:
        bar.stop()


# -- JSON lines --------------------------------------------------------------------------------------------------


class JsonFormatter(logging.Formatter):
    """One JSON object a record: its message is the key, its `facts` are the rest."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        ts = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        facts = getattr(record, "facts", {})
        line = {"ts": ts, "level": record.levelname.lower(), "key": record.getMessage(), **facts}
        return json.dumps(line, ensure_ascii=False)


class _Lines:
    """The lines of one run."""

    def __init__(self, period: object, stream: TextIO) -> None:
        self.period = {"day" if str(period).count("-") == 2 else "month": str(period)}
        self.count = 0
        self.started = time.monotonic()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(JsonFormatter())
        # Not one of logging's own tree: no configuration of a host program turns it off, or doubles it.
        self.logger = logging.Logger("retention", logging.INFO)
        self.logger.addHandler(handler)

    def report(self, step: str) -> None:
        self.count += 1
        room = step.partition("_")[0]
        self._tell(logging.INFO, "step", **({"room": room} if room in ROOMS else {}), table=step, count=self.count)

    def end(self) -> None:
        self._tell(logging.INFO, "done", count=self.count, seconds=round(time.monotonic() - self.started, 3))

    def fail(self, error: BaseException) -> None:
        """Name the failure; what it says of files and rows is for the person at the command line."""
        what: dict[str, object] = {"error": type(error).__name__}
        if isinstance(error, RetentionError):
            what = {"error": error.key, "exit_code": error.exit_code}
        self._tell(logging.ERROR, "failed", **what, count=self.count)

    def _tell(self, level: int, key: str, **facts: object) -> None:
        self.logger.log(level, key, extra={"facts": {**self.period, **facts}})


@contextmanager
def _logged(period: object) -> Iterator[Report]:
    lines = _Lines(period, sys.stderr)
    try:
        yield lines.report
    except BaseException as error:
        lines.fail(error)
        raise
    lines.end()
