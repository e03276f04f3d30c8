"""How much work one file may cost: rows and seconds of the processor, counted while it is read."""

from __future__ import annotations

import time

from pipelines.sources.delivery import FileRefused, Limits


class WorkBudget:
    """Counts from its making on. The processor's time is counted, not the clock's: a slow disk refuses nothing."""

    def __init__(self, file: str, limits: Limits) -> None:
        self._file, self._limits = file, limits
        self._rows = 0
        self._start = time.process_time()

    def spend(self, rows: int) -> None:
        """Count rows; raise FileRefused when they, or the time they took, are too much for one file."""
        self._rows += rows
        if self._rows > self._limits.rows:
            raise FileRefused("too_many_rows", file=self._file, limit=f"{self._limits.rows:,}")
        if time.process_time() - self._start > self._limits.seconds:
            raise FileRefused("too_slow", file=self._file, limit=f"{self._limits.seconds:,}")
