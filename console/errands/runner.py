"""Errands are done by a process of its own beside the console: begun when something waits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from console.errands.board import is_anything_waiting


class ErrandRunner:
    """Begins `retention errands` when something waits, and never a second one beside it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.process: subprocess.Popen[bytes] | None = None

    def look(self) -> None:
        """Begin the process where something waits and none of ours is at it."""
        if self.process is not None and self.process.poll() is None:
            return
        if not is_anything_waiting():
            return
        words = [sys.executable, "-m", "pipelines", "errands", "--home", str(self.home)]
        # It outlives the console: a run that was begun goes on to its end.
        self.process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
