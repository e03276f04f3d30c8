"""How much work one file may cost: rows and seconds of the processor, counted while it is read."""

from __future__ import annotations

import time

from pipelines.sources.operator.delivery import FileRefused, Limits


class WorkBudget:
    """Counts from its making on. The processor's time is counted, not the clock's: a slow disk refuses nothing."""

    def __init__(self, file: str, limits: Limits) -> None:
        self._file, self._limits = file, limits
        self._rows = 0
        self._bytes = 0
        self._start = time.process_time()

    def spend(self, rows: int, size: int = 0) -> None:
        """Count rows and the bytes that hold them; raise FileRefused when a file has too many, or takes too long."""
        self._rows += rows
        self._bytes += size
        if self._rows > self._limits.rows:
            raise FileRefused("too_many_rows", file=self._file, limit=f"{self._limits.rows:,}")
        if self._bytes > self._limits.unpacked_bytes:
            raise FileRefused(
                "archive_bomb", file=self._file, limit=f"{self._limits.unpacked_bytes:,} bytes"
            )
        if time.process_time() - self._start > self._limits.seconds:
            raise FileRefused("too_slow", file=self._file, limit=f"{self._limits.seconds:,}")
