"""Who released which version of a month, when and by which way: on the record beside the months.

A release is recorded before the month is sealed, and once: who comes second, by whatever way, finds
what the first one said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines.store.files import write_record
from pipelines.store.lake import MONTH_NAME, MonthFolder, Version
from pipelines.store.torn import read_lines

FILE = "releases.jsonl"
COMMAND, CONSOLE, AIRFLOW = "command", "console", "airflow"
WAYS = (COMMAND, CONSOLE, AIRFLOW)


@dataclass(frozen=True)
class Release:
    """A release: the version by number and manifest, who decided, and the way it was said.

    `at` is an instant for the record (UTC, ISO 8601), never for a decision.
    """

    month: str
    version: int
    manifest: str
    by: str
    way: str
    at: str


@dataclass(frozen=True)
class Releaser:
    """Who releases, and by which way."""

    by: str
    way: str = COMMAND


def read_releases(home: Path) -> list[Release]:
    """Read the record, oldest first."""
    return read_lines(home / FILE, _read_release)


def _read_release(
    month: str, version: int, manifest: str, by: str, way: str, at: str
) -> Release:
    """Take a line of the record; raise ValueError for one of no month or no known way."""
    if MONTH_NAME.fullmatch(month) is None or way not in WAYS:
        raise ValueError(month)
    return Release(month, version, manifest, by, way, at)


def find_release(folder: MonthFolder) -> Release | None:
    """Return who released the version that is sealed.

    None of a month that is not released, or was before there was a record.
    """
    seal = folder.read_seal()
    if seal is None:
        return None
    for release in read_releases(folder.home):
        said = (release.month, release.manifest)
        if said == (str(folder.month), seal.manifest):
            return release
    return None


def record_release(home: Path, version: Version, releaser: Releaser) -> Release:
    """Record who releases a version; return what is on record of it, also from before."""
    from filelock import FileLock  # here, so that who only reads does not wait for it

    with FileLock(home / ".releases.lock"):
        releases = read_releases(home)
        for release in releases:
            said = (release.month, release.manifest)
            if said == (str(version.month), version.identity):
                return release
        at = datetime.now(UTC).isoformat(timespec="seconds")
        made = Release(
            str(version.month),
            version.number,
            version.identity,
            releaser.by,
            releaser.way,
            at,
        )
        write_record(home / FILE, [*releases, made])
    return made
