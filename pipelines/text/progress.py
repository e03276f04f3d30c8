"""How far a piece of work is: step k of n in words, as a bar on a terminal, elsewhere as a line a step on stderr.

Or JSON lines for a log collector (RETENTION_LOG_FORMAT=json): a line has ts, level, key and, where they are known, month
(or day), room, table and counts; never a customer's data.
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
from typing import TextIO

from pipelines import ROOMS
from pipelines.core.errors import Interrupted, RetentionError
from pipelines.core.settings import load_settings
from pipelines.text.texts import label, labels, local_language

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
    """Give a callback that is told each of `steps` as it begins, and the name of each table made in between.

    All is said on stderr, nothing of it where `is_quiet`; JSON lines are written whoever listens. Raise Interrupted where
    somebody stops the work by hand; `can_go_on` says that the same command then goes on with what was finished.
    """
    try:
        with _choose(tuple(steps), period, language or local_language(), is_quiet) as report:
            yield report
    except KeyboardInterrupt:
        raise Interrupted("interrupted.kept" if can_go_on else "interrupted.nothing_kept") from None


@contextmanager
def _choose(
    steps: tuple[str, ...], period: object, language: str, is_quiet: bool
) -> Iterator[Report]:
    if load_settings().log_format == "json":
        with _logged(steps, period) as report:
            yield report
    elif is_quiet:
        yield lambda step: None
    elif sys.stderr.isatty():
        with _drawn(steps, language) as report:
            yield report
    else:
        yield lambda step: _print_step(steps, step, language)


def task_progress(period: object) -> Report:
    """Return a callback for the table being made that writes to the log of a scheduler's task: names, or JSON lines."""
    return (
        _Lines(ROOMS, period, sys.stdout).report if load_settings().log_format == "json" else print
    )


def step_in_words(steps: Sequence[str], step: str, language: str) -> str:
    """Say which step of how many it is; a step without words of its own, such as a month, is named as it is."""
    what = labels(language).get(f"step.{step}", step)
    return label(
        language, "progress.step", number=steps.index(step) + 1, total=len(steps), what=what
    )


def _print_step(steps: Sequence[str], step: str, language: str) -> None:
    if step in steps:
        print(step_in_words(steps, step, language), file=sys.stderr, flush=True)


@contextmanager
def _drawn(steps: Sequence[str], language: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task("", total=len(steps))
    patience = threading.Timer(PATIENCE_SECONDS, bar.start)
    patience.daemon = True
    patience.start()

    def report(step: str) -> None:
        if step in steps:
            bar.update(
                task, description=step_in_words(steps, step, language), completed=steps.index(step)
            )

    try:
        yield report
    finally:
        patience.cancel()
        patience.join()
        bar.stop()


# -- JSON lines ------------------------------------------------------------------------------------


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

    def __init__(self, steps: Sequence[str], period: object, stream: TextIO) -> None:
        self.steps = steps
        self.period = (
            {}
            if period is None
            else {"day" if str(period).count("-") == 2 else "month": str(period)}
        )
        self.count = 0
        self.started = time.monotonic()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(JsonFormatter())
        # Not one of logging's own tree: no configuration of a host program turns it off, or doubles it.
        self.logger = logging.Logger("retention", logging.INFO)
        self.logger.addHandler(handler)

    def report(self, step: str) -> None:
        if step in self.steps:
            number, total = self.steps.index(step) + 1, len(self.steps)
            self._tell(logging.INFO, "begun", begun=step, number=number, total=total)
            return
        self.count += 1
        room = step.partition("_")[0]
        self._tell(
            logging.INFO,
            "step",
            **({"room": room} if room in ROOMS else {}),
            table=step,
            count=self.count,
        )

    def end(self) -> None:
        self._tell(
            logging.INFO,
            "done",
            count=self.count,
            seconds=round(time.monotonic() - self.started, 3),
        )

    def fail(self, error: BaseException) -> None:
        """Name the failure; what it says of files and rows is for the person at the command line."""
        what: dict[str, object] = {"error": type(error).__name__}
        if isinstance(error, RetentionError):
            what = {"error": error.key, "exit_code": error.exit_code}
        self._tell(logging.ERROR, "failed", **what, count=self.count)

    def _tell(self, level: int, key: str, **facts: object) -> None:
        self.logger.log(level, key, extra={"facts": {**self.period, **facts}})


@contextmanager
def _logged(steps: Sequence[str], period: object) -> Iterator[Report]:
    lines = _Lines(steps, period, sys.stderr)
    try:
        yield lines.report
    except BaseException as error:
        lines.fail(error)
        raise
    lines.end()
