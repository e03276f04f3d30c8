"""The outbox: one file a letter, so that nothing that is to be released is forgotten or sent twice.

    <home>/outbox/2026-10/<id>.json      a letter: to whom, what, and what has become of it
    <home>/outbox/2026-10/content/…      what is in the letters

A letter's id is made of what it says and to whom: the same thing to the same receiver is the same
letter. Before it is handed to the receiver it is written down as `sending`; a letter found so later
belongs to a delivery that died.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines.core.errors import Busy
from pipelines.store.files import OWNER_ALONE, read_json, sweep_folder, write_json
from pipelines.store.torn import Json, is_inside, torn

PENDING = "pending"
SENDING = "sending"
SENT = "sent"
DEAD = "dead"
UNSURE = "unsure"
SUPERSEDED = "superseded"
STATES = (PENDING, SENDING, SENT, DEAD, UNSURE, SUPERSEDED)
OPEN = (PENDING, DEAD, UNSURE)


@dataclass(frozen=True)
class Letter:
    """One message to one receiver.

    `files` are below the outbox of its month, `target` is where they go.

    `is_once` says that the receiver knows no key: what may have arrived is not sent again unless a
    person says so.
    """

    id: str
    occasion: str
    version: int
    channel: str
    receiver: str
    target: str
    files: tuple[str, ...]
    is_once: bool = False
    is_notice: bool = False
    state: str = PENDING
    attempts: int = 0
    why: str | None = None
    facts: Json = field(default_factory=dict)
    not_before: str | None = None
    sent_at: str | None = None


def make_letter_id(*said: str) -> str:
    """Return the key of what is said to whom: the same words, the same key."""
    content = "\0".join(said).encode("utf-8", "surrogatepass")
    return sha256(content).hexdigest()[:24]


def read_clock() -> datetime:
    """The time, for the record and for receivers that asked to be left alone for a while."""
    return datetime.now(UTC).replace(microsecond=0)


class Outbox:
    """The letters of a month or a day."""

    def __init__(self, home: Path, occasion: str) -> None:
        self.occasion = occasion
        self.path = home / "outbox" / occasion

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the outbox for one delivery, what a dead one left tidied up.

        Raise Busy when another has it.
        """
        from filelock import (
            FileLock,
            Timeout,
        )  # here, so that who only reads does not wait for it

        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(self.path / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise Busy("deliver.busy", month=self.occasion) from error
        try:
            self._settle_interrupted()
            yield
        finally:
            lock.release()

    def letters(self) -> dict[str, Letter]:
        """All letters by id."""
        found = {}
        for path in sorted(self.path.glob("*.json")):
            letter = _read_letter(path)
            if letter is not None:
                found[letter.id] = letter
        return found

    def put(self, letter: Letter, **change: Any) -> Letter:
        """Write a letter down as it is now, whole or not at all; return it."""
        letter = replace(letter, **change)
        write_json(self.path / f"{letter.id}.json", asdict(letter), OWNER_ALONE)
        return letter

    def _settle_interrupted(self) -> None:
        """Decide about letters that a delivery was sending when it died.

        Nobody knows if they came.
        """
        sweep_folder(self.path)
        for letter in self.letters().values():
            if letter.state != SENDING:
                continue
            if letter.is_once:
                self.put(letter, state=UNSURE, why="died", facts={})
            else:
                self.put(letter, state=PENDING)


def _read_letter(path: Path) -> Letter | None:
    """Read a letter.

    Raise StorageError for one that is torn, or whose files or id lead out of the outbox.
    """
    record = read_json(path)
    if record is None:
        return None
    try:
        files = tuple(record["files"])
        letter = Letter(**record | {"files": files})
        is_right = _is_sound(letter, path)
    except (KeyError, TypeError) as error:
        raise torn(path) from error
    if not is_right:
        raise torn(path)
    return letter


def _is_sound(letter: Letter, path: Path) -> bool:
    if letter.id != path.stem or letter.state not in STATES:
        return False
    return all(is_inside(name) for name in (*letter.files, letter.target or "-"))


def count_letters(home: Path, occasions: Sequence[str] | None = None) -> Counter[str]:
    """How many letters are in which state, of some months or days or of all."""
    if occasions is None:
        folders = sorted((home / "outbox").glob("*"))
        occasions = [path.name for path in folders if path.is_dir()]
    counts: Counter[str] = Counter()
    for occasion in occasions:
        for letter in Outbox(home, occasion).letters().values():
            counts[letter.state] += 1
    return counts
