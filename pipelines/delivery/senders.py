"""What sends over a channel, and how often it is tried."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential

from pipelines.delivery.config import Channel, FolderChannel, SftpChannel, SmtpChannel
from pipelines.delivery.failures import Later
from pipelines.delivery.folder import FolderSender
from pipelines.store.outbox import Letter


class Sender(Protocol):
    """What sends over one channel.

    `send` returns when the receiver has the letter, and raises NotSent otherwise.
    """

    def send(self, letter: Letter, files: list[Path]) -> None:
        """Hand a letter to its receiver."""

    def close(self) -> None:
        """Let go of what is open."""


def open_sender(channel: Channel, language: str) -> Sender:
    """Return what sends over a channel; nothing is opened before the first letter."""
    if isinstance(channel, FolderChannel):
        return FolderSender(channel)
    if isinstance(channel, SmtpChannel):
        from pipelines.delivery.mail import MailSender

        return MailSender(channel, language)
    if isinstance(channel, SftpChannel):
        from pipelines.delivery.sftp import SftpSender

        return SftpSender(channel)
    from pipelines.delivery.robot import RobotSender

    return RobotSender(channel)


@dataclass(frozen=True)
class Pace:
    """How a letter is tried again.

    `attempts` in all, `first` seconds, then twice as long, never longer than `longest`.

    Who asks for more than `longest` is left alone until a later delivery. With the default a robot
    hears from us at most four times in fourteen seconds; twenty a minute is what robots take.
    """

    attempts: int = 4
    first: float = 2.0
    longest: float = 60.0
    sleep: Callable[[float], None] = time.sleep

    def make_retrying(self) -> Retrying:
        """Return what tries again while the receiver may yet take it, then raises."""
        return Retrying(
            stop=self._is_enough,
            wait=self._choose_wait,
            retry=retry_if_exception_type(Later),
            sleep=self.sleep,
            reraise=True,
        )

    def _choose_wait(self, state: RetryCallState) -> float:
        """Return the seconds to wait.

        Our own, or those that the receiver asked for where they are more.
        """
        wait = wait_exponential(multiplier=self.first, max=self.longest)
        own_wait: float = wait(state)
        return max(own_wait, _read_wanted_wait(state))

    def _is_enough(self, state: RetryCallState) -> bool:
        if state.attempt_number >= self.attempts:
            return True
        return _read_wanted_wait(state) > self.longest


def _read_wanted_wait(state: RetryCallState) -> float:
    """How many seconds the receiver asked to be left alone."""
    failure = state.outcome.exception() if state.outcome else None
    if not isinstance(failure, Later):
        return 0.0
    return failure.after or 0.0


def count_attempts(retrying: Retrying) -> int:
    """Return how often the last call was tried."""
    count: int = retrying.statistics.get("attempt_number", 1)
    return count
