"""Asking Great Expectations, which sits in a process of its own.

    with JudgeProcess() as process:    its import goes on beside other work
        process.wait_until_ready()
        process.ask(question)              its rulings; JudgeLost where it gives none

A process that is given up (`give_up`), or ends by itself, is followed by another when it is asked
again. It never outlives the one that asks: it ends when its connection does.
"""

from __future__ import annotations

import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pickle import UnpicklingError
from types import TracebackType
from typing import Self

from pipelines.core.paths import ROOT
from pipelines.rooms.judge import process
from pipelines.rooms.judge.questions import Question, Ruling

# How long the library's import may take: a busy machine needs twenty seconds.
STARTING_SECONDS = 300
_BROKEN = (EOFError, OSError, UnpicklingError)  # what a connection raises that is none


class JudgeLost(Exception):
    """No ruling: why the judge's process gave none."""


class JudgeProcess:
    """One process of Great Expectations at a time, and the connection to it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._is_ready = False
        self._is_asked = False
        # Why no process could be started: another would fare no better.
        self._why_none: str | None = None
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The number of the process; None where there is none."""
        return self._process.pid if self._process else None

    def wait_until_ready(self) -> None:
        """Wait for the library, or find out that it does not come: `ask` says why."""
        if self._why_none is not None:
            return
        if self._process is None:
            self._start()
        if self._is_ready or self._connection is None:
            return
        try:
            has_said = self._connection.poll(STARTING_SECONDS)
            self._is_ready = has_said and self._connection.recv() == process.READY
        except _BROKEN:
            self._is_ready = False
        if not self._is_ready:
            self._why_none = f"the judge did not start{self._end()}"

    def ask(self, question: Question) -> list[Ruling]:
        """Return the rulings on a question; raise JudgeLost where the process gives none.

        It blocks: another thread may `give_up` meanwhile.
        """
        self.wait_until_ready()
        if self._connection is None:
            raise JudgeLost(self._why_none or "the judge was given up")
        self._is_asked = True
        try:
            self._connection.send(question)
            rulings = self._connection.recv()
        except _BROKEN as error:
            raise JudgeLost(f"the judge ended{self._end()}") from error
        finally:
            self._is_asked = False
        return [ruling for ruling in rulings if isinstance(ruling, Ruling)]

    def give_up(self) -> None:
        """End a process that owes an answer; the thread that waits for it is told so."""
        if self._is_asked and self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """End the process, if there is one."""
        self._end()

    def _start(self) -> None:
        try:
            self._process, self._connection = start_process()
        except OSError as error:
            self._why_none = f"the judge did not start: {error.strerror}"

    def _end(self) -> str:
        """End the process; return how it had ended by itself, where it had."""
        ended, self._process = self._process, None
        connection, self._connection = self._connection, None
        self._is_ready = False
        if connection is not None:
            connection.close()
        if ended is None:
            return ""
        ended.kill()
        code = ended.wait()
        return f" with code {code}"


def start_process() -> tuple[subprocess.Popen[bytes], Connection]:
    """Start the judge's process; return it and our end of the connection to it."""
    ours, theirs = Pipe()
    descriptor = theirs.fileno()
    command = [sys.executable, "-m", process.__name__, str(descriptor)]
    try:
        started = subprocess.Popen(
            command,
            cwd=ROOT,
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    return started, ours
