"""How much work one file may cost: rows and seconds of the processor, counted while it is read."""

from __future__ import annotations

import time

from pipelines.sources.operator.delivery import FileRefused, Limits


class WorkBudget:
    """Counts from its making on.

    The processor's time is counted, not the clock's: a slow disk refuses nothing.
    """

    def __init__(self, file: str, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._rows = 0
        self._bytes = 0
        self._start = time.process_time()

    def count_rows(self, rows: int, size: int = 0) -> None:
        """Count rows and the bytes that hold them.

        Raise FileRefused when a file has too many, or takes too long.
        """
        limits = self._limits
        self._rows += rows
        if self._rows > limits.rows:
            raise FileRefused(
                "too_many_rows", file=self._file, limit=f"{limits.rows:,}"
            )

        self._bytes += size
        if self._bytes > limits.unpacked_bytes:
            limit = f"{limits.unpacked_bytes:,} bytes"
            raise FileRefused("archive_bomb", file=self._file, limit=limit)

        seconds = time.process_time() - self._start
        if seconds > limits.seconds:
            raise FileRefused("too_slow", file=self._file, limit=f"{limits.seconds:,}")
