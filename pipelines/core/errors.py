"""The error family: one class an exit code, one message a language.

RetentionError
├── UsageError 2
├── SpecError 10            a SQL file, expectation or setting is wrong
├── SourceNotReady 11       the month, a file or the database is not there yet
├── Incomplete 12           the run is done, but something was withheld, refused or not taken
│   └── Undelivered        a receiver was away: trying again may help
├── GateStopped 13          the month cannot be used at all
├── ModelError 14
├── Refused 15              sealed, or not approved
├── Busy 16                 another run of this month
├── StorageError 17         engine or storage
├── VerificationError 18    a re-derived month differs
└── Interrupted 130         somebody stopped it by hand (Ctrl-C)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Phrase:
    """A fact that is words: `key` names its text in `locales/`, for whoever reads the error.

    `texts` are said instead where they stand in a file of their own (language → text).
    """

    key: str
    facts: Mapping[str, object] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        facts = [f"{name}={value}" for name, value in self.facts.items()]
        return ", ".join([self.key, *facts])


class RetentionError(Exception):
    """A failure a user can act on: `key` names its message in `locales/`, `facts` fill it in.

    Facts say where (file, line, table, month), never who: no customer's data in an error.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, key: str, **facts: object) -> None:
        self.key = key
        self.facts = facts
        named = ", ".join(f"{name}={value}" for name, value in facts.items())
        super().__init__(f"{key}: {named}")


class UsageError(RetentionError):
    """The command was called wrongly."""

    exit_code = 2


class SpecError(RetentionError):
    """A file of ours (SQL, expectation, setting) is wrong."""

    exit_code = 10


class SourceNotReady(RetentionError):
    """The month is not delivered, not whole, or cannot be reached."""

    exit_code = 11


class Incomplete(RetentionError):
    """The work is done, but something was withheld, refused or not taken."""

    exit_code = 12


class Undelivered(Incomplete):
    """Something released has not reached its receiver yet and waits in the outbox: try again."""


class GateStopped(RetentionError):
    """A required table cannot be trusted, so nothing of the month can."""

    exit_code = 13


class ModelError(RetentionError):
    """A model cannot be loaded, trusted or trained."""

    exit_code = 14


class Refused(RetentionError):
    """The month is sealed, or a person has not approved it."""

    exit_code = 15


class Busy(RetentionError):
    """Another run of this month holds the lock."""

    exit_code = 16


class StorageError(RetentionError):
    """The engine or the disk failed; nothing half-written is left behind."""

    exit_code = 17


class VerificationError(RetentionError):
    """A month re-derived from its inputs is not the month that is stored."""

    exit_code = 18


class Interrupted(RetentionError):
    """Somebody stopped the work by hand; 130 is what shells say of it (128 + SIGINT)."""

    exit_code = 130
