"""What a worker of the console does while nobody asks, by a thread that ends before its process."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

_SETTLE_SECONDS = 5


class Settler(Thread):
    """Takes what was held long enough, and begins what was asked for.

    Whoever starts it stops it before the process ends: a thread that is then still inside a library
    of C++, if only to load it, takes the process down with it.
    """

    def __init__(self, home: Path, does_errands: bool) -> None:
        super().__init__(name="settler", daemon=True)
        self.home = home
        self.does_errands = does_errands
        self.is_over = Event()

    def run(self) -> None:
        """Look every few seconds, until it is stopped."""
        from django.db import Error, close_old_connections, connections

        from console.errands.runner import ErrandRunner
        from console.work.holding import settle_answers

        runner = ErrandRunner(self.home)
        while not self.is_over.wait(_SETTLE_SECONDS):
            close_old_connections()
            try:
                settle_answers()
                if self.does_errands:
                    runner.look()
            except Error:
                continue  # the database is away: what is held stays there, and is taken later
        connections.close_all()

    def stop(self) -> None:
        """End it, and wait until it is over."""
        self.is_over.set()
        if self.is_alive():
            self.join()
