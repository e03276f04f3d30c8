"""A day's notices: to everybody one digest of counts, in an outbox of its own kind.

    <home>/outbox/notices-2026-11-05/…

A digest's key is the day, the channel and the receiver, not what it says: who was told today is not
told again today, whatever has changed. What could not be sent waits, and is taken up again on the
same day with the counts of that hour; yesterday's is nobody's any more.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pipelines.core.settings import Settings
from pipelines.delivery.config import (
    Channel,
    Deliveries,
    RobotChannel,
    SmtpChannel,
    load_deliveries,
)
from pipelines.delivery.letters import is_allowed
from pipelines.delivery.post import Report
from pipelines.delivery.postman import Postman
from pipelines.delivery.senders import Pace
from pipelines.store.files import OWNER_ALONE, remove_folder, write_text
from pipelines.store.outbox import (
    DEAD,
    OPEN,
    PENDING,
    SUPERSEDED,
    Letter,
    Outbox,
    make_letter_id,
)
from pipelines.text.texts import fill_label

_KIND = "notices"
_KEPT_DAYS = 31
_USUAL_PACE = Pace()


@dataclass(frozen=True)
class Digest:
    """What waits, in counts: for one account with its address, or for the office without one."""

    due_today: int = 0
    overdue: int = 0
    broken_promises: int = 0
    to_approve: tuple[str, ...] = ()
    lists_unsaid: int = 0  # of a head: lists of a draft that wait for a yes or a no
    lists_returned: int = 0  # by heads, of months that wait for their release
    places_asked: int = 0  # requests that nobody has answered
    places_answered: int = 0  # of a head's requests, since yesterday
    address: str = ""

    @property
    def says_anything(self) -> bool:
        """Whether there is anything to tell."""
        waits = self.due_today or self.overdue or self.to_approve or self.places_asked
        is_said = self.lists_unsaid or self.places_answered
        return bool(waits or is_said)


@dataclass(frozen=True)
class Day:
    """A day's digests, to each account one, and what the group is told."""

    on: date
    personal: Sequence[Digest]
    office: Digest


def deliver_notices(
    home: Path,
    day: Day,
    settings: Settings,
    pace: Pace = _USUAL_PACE,
    is_dry: bool = False,
) -> Report:
    """Send what of a day has not been told; return all its letters.

    Raise Busy while another process sends them. What cannot be sent raises nothing: its letter says
    why.
    """
    outbox = Outbox(home, f"{_KIND}-{day.on}")
    if settings.delivery_file is None:
        return Report(outbox.occasion, nothing="no_file")
    deliveries = load_deliveries(settings.delivery_file)
    writer = _Writer(deliveries, settings, day)
    if is_dry:
        with tempfile.TemporaryDirectory() as elsewhere:
            planned = writer.write_letters(Path(elsewhere), outbox.occasion)
            letters = {letter.id: letter for letter in planned} | outbox.letters()
        return Report(outbox.occasion, tuple(letters.values()))
    with outbox.lock():
        held = outbox.letters()
        for letter in writer.write_letters(outbox.path, outbox.occasion):
            if letter.id not in held:
                outbox.put(letter)
        letters = outbox.letters()
        waiting = [letter for letter in letters.values() if letter.state == PENDING]
        Postman(outbox, deliveries, pace).send_all(waiting)
        _end_older(home, day.on)
        return Report(outbox.occasion, tuple(outbox.letters().values()))


@dataclass(frozen=True)
class _Writer:
    """Writes the letters of a day."""

    deliveries: Deliveries
    settings: Settings
    day: Day

    def write_letters(self, folder: Path, occasion: str) -> Iterator[Letter]:
        """Yield the letters there are to be; their texts go into a folder."""
        for name, channel in self.deliveries.channels.items():
            if isinstance(channel, SmtpChannel) and channel.notices:
                yield from self._write_mails(name, channel, folder, occasion)
            is_group = isinstance(channel, RobotChannel) and channel.notices
            if is_group and self.day.office.says_anything:
                yield self._write(name, channel, self.day.office, folder, occasion)

    def _write_mails(
        self, name: str, channel: SmtpChannel, folder: Path, occasion: str
    ) -> Iterator[Letter]:
        """A mail to each address that something waits for; dead where it is not allowed."""
        for digest in self.day.personal:
            if not digest.address or not digest.says_anything:
                continue
            letter = self._write(name, channel, digest, folder, occasion)
            if is_allowed(digest.address, channel.domains):
                yield letter
            else:
                yield replace(letter, state=DEAD, why="address_not_allowed")

    def _write(
        self, name: str, channel: Channel, digest: Digest, folder: Path, occasion: str
    ) -> Letter:
        receiver = digest.address or channel.kind
        key = make_letter_id(_KIND, str(self.day.on), name, receiver)
        file = f"content/{key}.txt"
        text = draw_notice(
            digest, self.day.on, self.deliveries.language, self._find_link(channel)
        )
        write_text(folder / file, text, OWNER_ALONE)
        return Letter(
            id=key,
            occasion=occasion,
            version=0,
            channel=name,
            receiver=receiver,
            target=digest.address,
            files=(file,),
            is_once=not digest.address,
            is_notice=True,
        )

    def _find_link(self, channel: Channel) -> str | None:
        """Where the console is: of a robot what the delivery file says first."""
        if isinstance(channel, RobotChannel) and channel.link:
            return channel.link
        hosts = (self.settings.console_hosts or "").split(",")
        return f"https://{hosts[0].strip()}/" if hosts[0].strip() else None


def draw_notice(digest: Digest, on: date, language: str, link: str | None) -> str:
    """Put a digest into a few lines: counts and a link, no customer and no manager."""
    lines = [fill_label(language, "notice.head", day=on)]
    counts = {
        "today": digest.due_today,
        "overdue": digest.overdue,
        "broken": digest.broken_promises,
        "lists_unsaid": digest.lists_unsaid,
        "lists_returned": digest.lists_returned,
        "places_asked": digest.places_asked,
        "places_answered": digest.places_answered,
    }
    for name, count in counts.items():
        if count:
            lines.append(fill_label(language, f"notice.{name}", n=count))
    for month in digest.to_approve:
        lines.append(fill_label(language, "notice.approve", month=month))
    if link:
        lines.append(link)
    return "\n".join(lines)


def _end_older(home: Path, today: date) -> None:
    """End what earlier days could not send; forget days that are over for a month."""
    for path in sorted((home / "outbox").glob(f"{_KIND}-*")):
        on = date.fromisoformat(path.name.removeprefix(f"{_KIND}-"))
        if (today - on).days > _KEPT_DAYS:
            remove_folder(path)
        elif on < today:
            outbox = Outbox(home, path.name)
            for letter in outbox.letters().values():
                if letter.state in OPEN:
                    outbox.put(letter, state=SUPERSEDED)
