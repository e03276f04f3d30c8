"""A released month or day is sent.

Its letters are written down, then handed over channel by channel.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.core.errors import Incomplete, Undelivered, UsageError
from pipelines.core.settings import Settings
from pipelines.delivery.config import Deliveries, load_deliveries
from pipelines.delivery.content import (
    find_released_version,
    open_released,
    render_parcels,
)
from pipelines.delivery.letters import Mailbag, write_letters
from pipelines.delivery.postman import Postman
from pipelines.delivery.senders import Pace
from pipelines.store.failpoints import failpoint
from pipelines.store.faults import StorageErrors
from pipelines.store.lake import MonthFolder
from pipelines.store.outbox import (
    DEAD,
    OPEN,
    PENDING,
    SENT,
    SUPERSEDED,
    Letter,
    Outbox,
    read_clock,
)

__all__ = ["Pace", "Post", "Report", "Wishes", "deliver_letters", "raise_open"]

_USUAL_PACE = Pace()


@dataclass(frozen=True)
class Report:
    """What became of a delivery.

    `nothing` names why there was none to make (no file, an earlier month).
    """

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
    """What a person asks for beside the usual.

    Letters (by the beginning of their id) to send again, or to take for received.
    """

    again: Sequence[str] = ()
    received: Sequence[str] = ()


def deliver_letters(
    home: Path,
    occasion: str,
    settings: Settings,
    wishes: Wishes = Wishes(),
    pace: Pace = _USUAL_PACE,
    is_dry: bool = False,
) -> Report:
    """Send what of a released month or day has not been sent; return all its letters.

    Raise Refused before the release, Busy while another delivery of it runs. What cannot be sent
    raises nothing: its letter says why.
    """
    folder = open_released(home, occasion)
    settings.require_own_key()
    if settings.delivery_file is None:
        return Report(occasion, nothing="no_file")
    deliveries = load_deliveries(settings.delivery_file)
    month_of_occasion = occasion[: len(deliveries.since)]
    if month_of_occasion < deliveries.since:
        return Report(occasion, nothing="before", since=deliveries.since)
    post = Post(folder, Outbox(home, occasion), deliveries, settings, pace)
    with StorageErrors(home, folder.month):
        return post.rehearse_delivery() if is_dry else post.send_letters(wishes)


def raise_open(report: Report, key: str = "deliver.open") -> None:
    """Raise Undelivered while something waits, Incomplete when what is left needs a person.

    `key` names the message.
    """
    open_letters = {state: report.counts[state] for state in OPEN}
    if report.counts[PENDING]:
        raise Undelivered(key, month=report.occasion, **open_letters)
    if any(open_letters.values()):
        raise Incomplete(key, month=report.occasion, **open_letters)


@dataclass
class Post:
    """One delivery of a month or a day."""

    folder: MonthFolder
    outbox: Outbox
    deliveries: Deliveries
    settings: Settings
    pace: Pace

    def rehearse_delivery(self) -> Report:
        """Say what would be sent, and what has become of what was.

        Nothing is sent, and nothing is kept.
        """
        with tempfile.TemporaryDirectory() as elsewhere:
            planned = self._plan_letters(Path(elsewhere), is_kept=False)
            letters = {letter.id: letter for letter in planned} | self.outbox.letters()
        return Report(self.outbox.occasion, tuple(letters.values()))

    def send_letters(self, wishes: Wishes) -> Report:
        """Write the letters down, then send channel by channel.

        One that fails does not hold up the others.
        """
        with self.outbox.lock():
            planned = self._plan_letters(self.outbox.path)
            possible = self._file_letters(planned)
            self._grant_wishes(wishes, possible)
            waiting = self._list_waiting(possible)
            Postman(self.outbox, self.deliveries, self.pace).send_all(waiting)
            return Report(self.outbox.occasion, tuple(self.outbox.letters().values()))

    def _list_waiting(self, possible: Collection[str]) -> list[Letter]:
        waiting = []
        for letter in self.outbox.letters().values():
            if letter.state == PENDING and letter.id in possible:
                waiting.append(letter)
        return waiting

    # -- what is to be sent ------------------------------------------------------------------------

    def _plan_letters(self, folder: Path, is_kept: bool = True) -> list[Letter]:
        """Return the letters there are to be.

        Their texts go into a folder, the outbox unless nothing is kept.
        """
        language = self.deliveries.language
        parcels = render_parcels(
            self.folder, self.outbox.path, language, self.settings, is_kept
        )
        bag = Mailbag(find_released_version(self.folder), parcels, folder, language)
        return list(write_letters(self.deliveries, bag))

    def _file_letters(self, planned: Iterable[Letter]) -> set[str]:
        """Write new letters down.

        What is no longer to be said (another receiver, another content) is not sent.

        Return the ids of those that can be sent at all: the others have no address, or one that is
        not allowed.
        """
        letters = {letter.id: letter for letter in planned}
        held = self.outbox.letters()
        for key, letter in letters.items():
            if key not in held:
                self.outbox.put(letter)
            elif held[key].state == SUPERSEDED:
                self.outbox.put(
                    held[key], state=letter.state, why=letter.why, facts=letter.facts
                )
        for key, letter in held.items():
            if key not in letters and letter.state in (PENDING, DEAD):
                self.outbox.put(letter, state=SUPERSEDED)
        failpoint("deliver.filed")
        return {key for key, letter in letters.items() if letter.state == PENDING}

    def _grant_wishes(self, wishes: Wishes, possible: Collection[str]) -> None:
        held = self.outbox.letters()
        sendable = [letter for key, letter in held.items() if key in possible]
        for start in wishes.again:
            letter = self._find_letter(start, sendable)
            self.outbox.put(letter, state=PENDING, why=None, facts={}, not_before=None)
        for start in wishes.received:
            letter = self._find_letter(start, held.values())
            sent_at = read_clock().isoformat()
            self.outbox.put(
                letter, state=SENT, why="taken_for_received", sent_at=sent_at
            )

    def _find_letter(self, start: str, among: Iterable[Letter]) -> Letter:
        """Find the one letter a person means.

        Only one that is open may be sent again or taken for received.
        """
        found = [letter for letter in among if letter.id.startswith(start)]
        if len(found) != 1 or found[0].state not in OPEN:
            raise UsageError(
                "deliver.no_such_letter",
                id=start,
                month=self.outbox.occasion,
                found=len(found),
            )
        return found[0]
