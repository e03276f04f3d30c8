"""Letters of an outbox are handed over channel by channel, and what became of each written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.delivery.config import Channel, Deliveries
from pipelines.delivery.failures import Closed, Later, NotSent, Rejected, Unsure
from pipelines.delivery.senders import Pace, Sender, count_attempts, open_sender
from pipelines.store.failpoints import failpoint
from pipelines.store.outbox import (
    DEAD,
    PENDING,
    SENDING,
    SENT,
    UNSURE,
    Letter,
    Outbox,
    read_clock,
)

# What a failure makes of its letter.
_STATES: Mapping[type[NotSent], str] = {
    Rejected: DEAD,
    Unsure: UNSURE,
    Later: PENDING,
    Closed: PENDING,
}


@dataclass(frozen=True)
class Postman:
    """Sends what waits in an outbox."""

    outbox: Outbox
    deliveries: Deliveries
    pace: Pace

    def send_all(self, waiting: Sequence[Letter]) -> None:
        """Send channel by channel; one that fails does not hold up the others."""
        for name, channel in self.deliveries.channels.items():
            of_channel = [letter for letter in waiting if letter.channel == name]
            self._send_channel(channel, of_channel)

    def _send_channel(self, channel: Channel, letters: Sequence[Letter]) -> None:
        """Send a channel's letters.

        Once the channel itself fails the rest stay where they are, with the same reason.
        """
        stopped: NotSent | None = None
        with closing(open_sender(channel, self.deliveries.language)) as sender:
            for letter in letters:
                if _is_left_alone(letter):
                    continue
                if stopped is None:
                    stopped = self._send_letter(sender, letter)
                else:
                    self.outbox.put(letter, why=stopped.why, facts=stopped.facts)

    def _send_letter(self, sender: Sender, letter: Letter) -> NotSent | None:
        """Send one letter and write down what became of it.

        Return the failure if it is the whole channel's.
        """
        files = [self.outbox.path / file for file in letter.files]
        retrying = self.pace.make_retrying()
        letter = self.outbox.put(letter, state=SENDING)
        try:
            retrying(sender.send, letter, files)
        except NotSent as failure:
            self._record_failure(letter, failure, count_attempts(retrying))
            return failure if _is_of_channel(failure) else None
        failpoint("deliver.acknowledged")
        self.outbox.put(
            letter,
            state=SENT,
            why=None,
            facts={},
            not_before=None,
            sent_at=_write_instant(read_clock()),
            attempts=letter.attempts + count_attempts(retrying),
        )
        return None

    def _record_failure(self, letter: Letter, failure: NotSent, attempts: int) -> None:
        not_before = None
        if isinstance(failure, Later) and failure.after:
            not_before = _write_instant(read_clock() + timedelta(seconds=failure.after))
        self.outbox.put(
            letter,
            state=_STATES[type(failure)],
            why=failure.why,
            facts=failure.facts,
            not_before=not_before,
            attempts=letter.attempts + attempts,
        )


def _is_of_channel(failure: NotSent) -> bool:
    """Whether other letters on the channel would fare no better."""
    if isinstance(failure, Later):
        return failure.is_away
    return isinstance(failure, Closed)


def _is_left_alone(letter: Letter) -> bool:
    """Whether the receiver asked not to hear of a letter yet."""
    if not letter.not_before:
        return False
    return datetime.fromisoformat(letter.not_before) > read_clock()


def _write_instant(at: datetime) -> str:
    return at.isoformat()
