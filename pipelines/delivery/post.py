"""A released month or day goes out: its letters are written down, then handed over channel by channel."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential

from pipelines.core.errors import Incomplete, Undelivered, UsageError
from pipelines.core.settings import Settings
from pipelines.delivery.config import (
    Channel,
    Deliveries,
    FolderChannel,
    SftpChannel,
    SmtpChannel,
    load_deliveries,
)
from pipelines.delivery.content import open_released, released_version, render
from pipelines.delivery.failures import Closed, Later, NotSent, Rejected, Unsure
from pipelines.delivery.folder import FolderSender
from pipelines.delivery.letters import Mailbag, write_letters
from pipelines.store.failpoints import failpoint
from pipelines.store.faults import StorageErrors
from pipelines.store.lake import MonthFolder
from pipelines.store.outbox import (
    DEAD,
    OPEN,
    PENDING,
    SENDING,
    SENT,
    SUPERSEDED,
    UNSURE,
    Letter,
    Outbox,
    instant,
)

# What a failure makes of its letter.
_STATES: Mapping[type[NotSent], str] = {
    Rejected: DEAD,
    Unsure: UNSURE,
    Later: PENDING,
    Closed: PENDING,
}


class Sender(Protocol):
    """A channel that is open: `send` returns when the receiver has the letter, and raises NotSent otherwise."""

    def send(self, letter: Letter, files: list[Path]) -> None:
        """Hand a letter to its receiver."""

    def close(self) -> None:
        """Let go of what is open."""


@dataclass(frozen=True)
class Pace:
    """How a letter is tried again: `attempts` in all, `first` seconds, then twice as long, never longer than `longest`.

    Who asks for more than `longest` is left alone until a later delivery. With the default a robot hears from us at most
    four times in fourteen seconds; twenty a minute is what robots take.
    """

    attempts: int = 4
    first: float = 2.0
    longest: float = 60.0
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Report:
    """What became of a delivery; `nothing` names why there was none to make (no file, an earlier month)."""

    occasion: str
    letters: tuple[Letter, ...] = ()
    nothing: str | None = None
    since: str | None = None

    @property
    def counts(self) -> Counter[str]:
        """How many letters are in which state."""
        return Counter(letter.state for letter in self.letters)


@dataclass(frozen=True)
class Wishes:
    """What a person asks beside: letters (by the beginning of their id) to send again, or to take for received."""

    again: Sequence[str] = ()
    received: Sequence[str] = ()


def deliver(
    home: Path,
    occasion: str,
    settings: Settings,
    wishes: Wishes = Wishes(),
    pace: Pace = Pace(),
    is_dry: bool = False,
) -> Report:
    """Send what of a released month or day has not been sent; return all its letters.

    Raise Refused before the release, Busy while another delivery of it runs. What cannot be sent raises nothing: its
    letter says why.
    """
    folder = open_released(home, occasion)
    settings.require_own_key()
    if settings.delivery_file is None:
        return Report(occasion, nothing="no_file")
    deliveries = load_deliveries(settings.delivery_file)
    if occasion[: len(deliveries.since)] < deliveries.since:
        return Report(occasion, nothing="before", since=deliveries.since)
    post = Post(folder, Outbox(home, occasion), deliveries, settings, pace)
    with StorageErrors(home, folder.month):
        return post.rehearse() if is_dry else post.run(wishes)


def raise_open(report: Report) -> None:
    """Raise Undelivered while something waits, Incomplete when what is left needs a person."""
    open_letters = {state: report.counts[state] for state in OPEN}
    if report.counts[PENDING]:
        raise Undelivered("deliver.open", month=report.occasion, **open_letters)
    if any(open_letters.values()):
        raise Incomplete("deliver.open", month=report.occasion, **open_letters)


@dataclass
class Post:
    """One delivery of a month or a day."""

    folder: MonthFolder
    outbox: Outbox
    deliveries: Deliveries
    settings: Settings
    pace: Pace

    def rehearse(self) -> Report:
        """Say what would be sent, and what has become of what was; nothing is sent, and nothing is kept."""
        with tempfile.TemporaryDirectory() as place:
            planned = {letter.id: letter for letter in self._plan(Path(place), is_kept=False)}
        return Report(self.outbox.occasion, tuple((planned | self.outbox.letters()).values()))

    def run(self, wishes: Wishes) -> Report:
        """Write the letters down, then send channel by channel; one that fails does not hold up the others."""
        with self.outbox.lock():
            possible = self._file(self._plan(self.outbox.path))
            self._grant(wishes, possible)
            waiting = [
                letter for letter in self.outbox.letters().values() if letter.state == PENDING
            ]
            for name, channel in self.deliveries.channels.items():
                self._send_all(
                    channel, [one for one in waiting if one.channel == name and one.id in possible]
                )
            return Report(self.outbox.occasion, tuple(self.outbox.letters().values()))

    def _plan(self, place: Path, is_kept: bool = True) -> list[Letter]:
        """Return the letters there are to be; their texts go into a folder, the outbox unless nothing is kept."""
        language = self.deliveries.language
        parcels = render(self.folder, self.outbox.path, language, self.settings, is_kept)
        return list(
            write_letters(
                self.deliveries, Mailbag(released_version(self.folder), parcels, place, language)
            )
        )

    def _file(self, planned: Iterable[Letter]) -> set[str]:
        """Write new letters down; what is no longer to be said (another receiver, another content) is not sent.

        Return the ids of those that can be sent at all: the others have no address, or one that is not allowed.
        """
        letters = {letter.id: letter for letter in planned}
        held = self.outbox.letters()
        for key, letter in letters.items():
            if key not in held:
                self.outbox.put(letter)
            elif held[key].state == SUPERSEDED:
                self.outbox.put(held[key], state=letter.state, why=letter.why, facts=letter.facts)
        for key, letter in held.items():
            if key not in letters and letter.state in (PENDING, DEAD):
                self.outbox.put(letter, state=SUPERSEDED)
        failpoint("deliver.filed")
        return {key for key, letter in letters.items() if letter.state == PENDING}

    def _grant(self, wishes: Wishes, possible: Collection[str]) -> None:
        held = self.outbox.letters()
        for start in wishes.again:
            letter = self._find(start, [one for key, one in held.items() if key in possible])
            self.outbox.put(letter, state=PENDING, why=None, facts={}, not_before=None)
        for start in wishes.received:
            letter = self._find(start, held.values())
            self.outbox.put(
                letter, state=SENT, why="taken_for_received", sent_at=_written(instant())
            )

    def _find(self, start: str, among: Iterable[Letter]) -> Letter:
        """Find the one letter a person means; only one that is open may be sent again or taken for received."""
        found = [letter for letter in among if letter.id.startswith(start)]
        if len(found) != 1 or found[0].state not in OPEN:
            raise UsageError(
                "deliver.no_such_letter", id=start, month=self.outbox.occasion, found=len(found)
            )
        return found[0]

    def _send_all(self, channel: Channel, letters: Sequence[Letter]) -> None:
        """Send a channel's letters; once the channel itself fails the rest stay where they are, with the same reason."""
        stopped: NotSent | None = None
        with closing(open_sender(channel, self.deliveries.language)) as sender:
            for letter in letters:
                if letter.not_before and datetime.fromisoformat(letter.not_before) > instant():
                    continue
                if stopped is None:
                    stopped = self._send(sender, letter)
                else:
                    self.outbox.put(letter, why=stopped.why, facts=stopped.facts)

    def _send(self, sender: Sender, letter: Letter) -> NotSent | None:
        """Send one letter and write down what became of it; return the failure if it is the whole channel's."""
        files = [self.outbox.path / file for file in letter.files]
        tries = Retrying(
            stop=self._is_enough, wait=self._wait, retry=retry_if_exception_type(Later), sleep=self.pace.sleep,
            reraise=True,
        )  # fmt: skip
        letter = self.outbox.put(letter, state=SENDING)
        try:
            tries(sender.send, letter, files)
        except NotSent as failure:
            self.outbox.put(letter, **_failed(failure), attempts=letter.attempts + _tried(tries))
            return (
                failure
                if isinstance(failure, Closed) or getattr(failure, "is_away", False)
                else None
            )
        failpoint("deliver.acknowledged")
        done: dict[str, Any] = {
            "state": SENT,
            "why": None,
            "facts": {},
            "not_before": None,
            "sent_at": _written(instant()),
        }
        self.outbox.put(letter, **done, attempts=letter.attempts + _tried(tries))
        return None

    def _wait(self, state: RetryCallState) -> float:
        own: float = wait_exponential(multiplier=self.pace.first, max=self.pace.longest)(state)
        return max(own, _asked(state))

    def _is_enough(self, state: RetryCallState) -> bool:
        return state.attempt_number >= self.pace.attempts or _asked(state) > self.pace.longest


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


def _asked(state: RetryCallState) -> float:
    """How many seconds the receiver asked to be left alone."""
    failure = state.outcome.exception() if state.outcome else None
    return (failure.after or 0.0) if isinstance(failure, Later) else 0.0


def _tried(tries: Retrying) -> int:
    count: int = tries.statistics.get("attempt_number", 1)
    return count


def _failed(failure: NotSent) -> dict[str, Any]:
    after = getattr(failure, "after", None)
    until = _written(instant() + timedelta(seconds=after)) if after else None
    return {
        "state": _STATES[type(failure)],
        "why": failure.why,
        "facts": failure.facts,
        "not_before": until,
    }


def _written(at: datetime) -> str:
    return at.isoformat()
