"""How far a piece of work is: step k of n in words, a bar on a terminal, elsewhere a line a step.

Or JSON lines for a log collector (RETENTION_LOG_FORMAT=json): a line has ts, level, key and, where
they are known, month (or day), room, table and counts; never a customer's data.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TextIO

from pipelines import ROOMS
from pipelines.core.errors import Interrupted, RetentionError
from pipelines.core.settings import load_settings
from pipelines.text.texts import fill_label, find_local_language, load_labels

PATIENCE_SECONDS = 2.0  # a bar is shown of work that takes longer
Report = Callable[[str], None]


@contextmanager
def show_steps(
    steps: Sequence[str],
    period: object = None,
    language: str | None = None,
    *,
    is_quiet: bool = False,
    can_go_on: bool = False,
) -> Iterator[Report]:
    """Give a callback to call with each of `steps` as it begins, and each table made in between.

    All is said on stderr, nothing of it where `is_quiet`; JSON lines are written whoever listens.
    Raise Interrupted where somebody stops the work by hand; `can_go_on` says that the same command
    then goes on with what was finished.
    """
    spoken = language or find_local_language()
    try:
        with _open_report(tuple(steps), period, spoken, is_quiet) as report:
            yield report
    except KeyboardInterrupt:
        key = "interrupted.nothing_kept"
        if can_go_on:
            key = "interrupted.kept"
        raise Interrupted(key) from None


@contextmanager
def _open_report(
    steps: tuple[str, ...], period: object, language: str, is_quiet: bool
) -> Iterator[Report]:
    """Open the way of reporting that suits who listens."""
    if load_settings().log_format == "json":
        with _log_lines(steps, period) as report:
            yield report
    elif is_quiet:
        yield _say_nothing
    elif sys.stderr.isatty():
        with _draw_bar(steps, language) as report:
            yield report
    else:
        yield partial(_print_step, steps, language)


def report_to_task_log(period: object) -> Report:
    """Return a callback for the table being made that writes to the log of a scheduler's task.

    It writes names, or JSON lines.
    """
    if load_settings().log_format == "json":
        return _Lines(ROOMS, period, sys.stdout).report_step
    return print


def describe_step(steps: Sequence[str], step: str, language: str) -> str:
    """Say which step of how many it is; one without words, such as a month, is named as it is."""
    what = load_labels(language).get(f"step.{step}", step)
    return fill_label(
        language,
        "progress.step",
        number=steps.index(step) + 1,
        total=len(steps),
        what=what,
    )


def _say_nothing(step: str) -> None:
    """Report to nobody."""


def _print_step(steps: Sequence[str], language: str, step: str) -> None:
    """Print a line for a step; nothing for a table in between."""
    if step in steps:
        line = describe_step(steps, step, language)
        print(line, file=sys.stderr, flush=True)


@contextmanager
def _draw_bar(steps: Sequence[str], language: str) -> Iterator[Report]:
    """Draw a bar on the terminal, once the work takes longer than patience."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task("", total=len(steps))
    patience = threading.Timer(PATIENCE_SECONDS, bar.start)
    patience.daemon = True
    patience.start()

    def move_bar(step: str) -> None:
        if step in steps:
            text = describe_step(steps, step, language)
            bar.update(task, description=text, completed=steps.index(step))

    try:
        yield move_bar
    finally:
        patience.cancel()
        patience.join()
        bar.stop()


# -- JSON lines ------------------------------------------------------------------------------------


class JsonFormatter(logging.Formatter):
    """One JSON object a record: its message is the key, its `facts` are the rest."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        written_at = datetime.fromtimestamp(record.created, UTC)
        line = {
            "ts": written_at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "key": record.getMessage(),
        }
        facts = getattr(record, "facts", {})
        return json.dumps(line | facts, ensure_ascii=False)


class _Lines:
    """The lines of one run."""

    def __init__(self, steps: Sequence[str], period: object, stream: TextIO) -> None:
        self.steps = steps
        self.period = _name_period(period)
        self.count = 0
        self.started = time.monotonic()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(JsonFormatter())
        # Not one of logging's own tree: no configuration of a host program turns it off, or doubles
        # it.
        self.logger = logging.Logger("retention", logging.INFO)
        self.logger.addHandler(handler)

    def report_step(self, step: str) -> None:
        """Write that a step has begun, or that a table is made."""
        if step in self.steps:
            self._write(
                logging.INFO,
                "begun",
                begun=step,
                number=self.steps.index(step) + 1,
                total=len(self.steps),
            )
            return

        self.count += 1
        facts: dict[str, object] = {"table": step, "count": self.count}
        room = step.partition("_")[0]
        if room in ROOMS:
            facts = {"room": room, **facts}
        self._write(logging.INFO, "step", **facts)

    def report_end(self) -> None:
        """Write that all is done, and how long it took."""
        seconds = time.monotonic() - self.started
        self._write(logging.INFO, "done", count=self.count, seconds=round(seconds, 3))

    def report_failure(self, error: BaseException) -> None:
        """Name the failure; what it says of files and rows is for whoever called the command."""
        facts: dict[str, object] = {"error": type(error).__name__}
        if isinstance(error, RetentionError):
            facts = {"error": error.key, "exit_code": error.exit_code}
        self._write(logging.ERROR, "failed", **facts, count=self.count)

    def _write(self, level: int, key: str, **facts: object) -> None:
        of_period = {**self.period, **facts}
        self.logger.log(level, key, extra={"facts": of_period})


def _name_period(period: object) -> dict[str, str]:
    """What a run is about, as a line names it: a month or a day; nothing where it is about none."""
    if period is None:
        return {}
    text = str(period)
    is_day = text.count("-") == 2
    if is_day:
        return {"day": text}
    return {"month": text}


@contextmanager
def _log_lines(steps: Sequence[str], period: object) -> Iterator[Report]:
    """Write a line of JSON a step, and one at the end."""
    lines = _Lines(steps, period, sys.stderr)
    try:
        yield lines.report_step
    except BaseException as error:
        lines.report_failure(error)
        raise
    lines.report_end()
