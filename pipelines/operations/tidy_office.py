"""What lies in the office longer than it must: old access entries, lock-outs, sessions, workbooks.

Orders, answers, changes and the record of what was done stay: months are proven by them. An answer
that is held becomes one in ten seconds, and is no matter of days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.core.settings import Settings

BOOK_HOURS = (
    24  # a workbook of refused rows, which its link offers for a quarter of an hour
)


@dataclass(frozen=True)
class OldRows:
    """What may go of one kind: how many, and from before when."""

    kind: str
    count: int
    before: datetime


def find_old_rows(home: Path, settings: Settings, now: datetime) -> list[OldRows]:
    """Return what may go from the office by the settings' retention periods; nothing is touched.

    Raise StorageError if the office is away.
    """
    found = [
        OldRows(old.kind, old.rows.count(), old.before)
        for old in _list_old(home, settings, now)
    ]
    books = _list_old_books(home, now)
    found.append(OldRows("corrected", len(books), _find_oldest_book(now)))
    return [old for old in found if old.count]


def tidy_office(home: Path, settings: Settings, now: datetime) -> list[OldRows]:
    """Remove what may go, and return it; raise StorageError if the office is away."""
    found = find_old_rows(home, settings, now)
    for old in _list_old(home, settings, now):
        old.rows.delete()
    remove_old_books(home, now)
    return found


def remove_old_books(home: Path, now: datetime) -> None:
    """Remove the workbooks of refused rows that nobody can fetch any more."""
    for path in _list_old_books(home, now):
        path.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Old:
    """Rows of a kind that are from before a time."""

    kind: str
    before: datetime
    rows: Any


def _list_old(home: Path, settings: Settings, now: datetime) -> Iterator[_Old]:
    """The old rows by kind; none of an office in which nobody has an account."""
    from console.database import look_into_office
    from pipelines.operations.backup import ACCOUNTS_TABLE

    if ACCOUNTS_TABLE not in look_into_office(home, settings):
        return
    from axes.models import AccessAttempt
    from django.contrib.sessions.models import Session

    from console.accounts.models import AccessEntry

    seen = now - timedelta(days=settings.keep_access_days)
    yield _Old("access", seen, AccessEntry.objects.filter(at__lt=seen))
    tried = now - timedelta(days=settings.keep_lockout_days)
    yield _Old("lockout", tried, AccessAttempt.objects.filter(attempt_time__lt=tried))
    yield _Old("session", now, Session.objects.filter(expire_date__lt=now))


def _list_old_books(home: Path, now: datetime) -> list[Path]:
    oldest = _find_oldest_book(now).timestamp()
    books = (home / "returns").glob("console_*.xlsx")
    return [path for path in books if path.stat().st_mtime < oldest]


def _find_oldest_book(now: datetime) -> datetime:
    return now - timedelta(hours=BOOK_HOURS)
