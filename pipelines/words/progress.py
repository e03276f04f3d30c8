"""A progress bar over the rooms, on a terminal, for work that takes longer than two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

PATIENCE_SECONDS = 2.0


@contextmanager
def month_progress(enabled: bool = True) -> Iterator[Callable[[str], None]]:
    """Give a callback for the table being made; draw on stderr only where somebody watches."""
    if not (enabled and sys.stderr.isatty()):
        yield lambda step: None
        return
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
