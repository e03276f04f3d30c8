"""A month is a folder: versions, the one that counts, the draft being built, the seal.

    <home>/months/2026-10/v0002/<table>.parquet … manifest.json outbox/
    <home>/months/2026-10/v0002/<table>/0.parquet … f.parquet   one in parts (`store.parts`)
    <home>/months/2026-10/CURRENT            names the version readers use
    <home>/months/2026-10/v0003.partial/     a draft: draft.json tells which rooms are finished
    <home>/months/2026-10/SEAL.json          the released version; nothing replaces it
    <home>/days/2026-11-05/…                 a day after it, in the same form
    <home>/plans/2027/…                      a year's plan, in the same form

The manifest comes last and has no clock in it: the same inputs make the same bytes. What a version
or a draft holds is read through `store.versions`; what is recorded of it has the types of
`store.manifest` and `store.inputs`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from pipelines.core.errors import Busy, Refused, StorageError, UsageError
from pipelines.core.month import Month
from pipelines.store.failpoints import failpoint
from pipelines.store.files import (
    protect_folder,
    read_json,
    rename_folder,
    sweep_folder,
    write_json,
    write_text,
)
from pipelines.store.manifest import Seal
from pipelines.store.torn import VERSION_NAME, read_kept, torn
from pipelines.store.versions import Draft, Made, Version

__all__ = [
    "DayFolder",
    "Draft",
    "Made",
    "MonthFolder",
    "PlanFolder",
    "Version",
    "list_held_days",
    "list_held_months",
    "list_versions_back",
]

MONTH_NAME = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_PATTERN_MARKS = frozenset("*?[")
_DRAFT_NAME = re.compile(VERSION_NAME.pattern + r"\.partial")


class MonthFolder:
    """One month in the home: its versions, draft, lock and seal."""

    def __init__(self, home: Path, month: Month) -> None:
        self.month = month
        self.home = home
        self.path = home / "months" / str(month)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the month for one run; raise Busy at once when another run has it.

        Raise UsageError for a home whose path the engine would take for a pattern.
        """
        marks = set(str(self.path.absolute())) & _PATTERN_MARKS
        if marks:
            shown = " ".join(sorted(marks))
            raise UsageError("home.pattern", home=self.home.absolute(), marks=shown)

        from filelock import (
            FileLock,
            Timeout,
        )  # here, so that who only reads does not wait for it

        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise Busy("run.busy", month=self.month) from error
        try:
            yield
        finally:
            lock.release()

    # -- versions ----------------------------------------------------------------------------------

    def versions(self) -> list[Version]:
        """All finished versions, oldest first."""
        if not self.path.is_dir():
            return []
        found = []
        for path in self.path.iterdir():
            if VERSION_NAME.fullmatch(path.name):
                found.append(Version(self.month, path))
        return sorted(found, key=lambda version: version.number)

    def current(self) -> Version | None:
        """The version readers use; None when the month is not held.

        Raise StorageError where CURRENT names none, or one that is not there: a name is followed
        nowhere else.
        """
        if not self.is_held():
            return None

        path = self.path / "CURRENT"
        name = ""
        if path.exists():
            name = read_kept(path).decode("utf-8", "replace").strip()

        if VERSION_NAME.fullmatch(name) is None:
            raise StorageError("storage.torn_current", where=path, month=self.path.name)
        folder = self.path / name
        if not folder.is_dir():
            raise StorageError("storage.gone", where=folder)
        return Version(self.month, folder)

    def is_held(self) -> bool:
        """Whether the month has a version that readers use, be it readable or not."""
        return (self.path / "CURRENT").exists() or (self.path / "SEAL.json").exists()

    def version(self, number: int | None = None) -> Version:
        """A version by number, the current one without; raise UsageError when it is not there."""
        found = self.current() if number is None else self._find_number(number)
        if found is None:
            raise UsageError("month.not_held", month=self.month)
        return found

    def _find_number(self, number: int) -> Version | None:
        for version in self.versions():
            if version.number == number:
                return version
        return None

    # -- the draft ---------------------------------------------------------------------------------

    def draft(self) -> Draft:
        """The draft in progress, or the next free number."""
        drafts = [Draft(self.month, path) for path in self.partials()]
        if drafts:
            return max(drafts, key=lambda draft: draft.number)

        numbers = [version.number for version in self.versions()]
        next_number = max(numbers, default=0) + 1
        return Draft(self.month, self.path / f"v{next_number:04d}.partial")

    def draft_to_show(self) -> Draft:
        """The draft that is there, to be looked at; raise UsageError when there is none."""
        draft = self.draft()
        if not (draft.path / "draft.json").exists():
            raise UsageError("month.no_draft", month=self.month)
        return draft

    def made_to_show(self, number: int | None = None, is_draft: bool = False) -> Made:
        """What people look at: a version, or the draft.

        Raise UsageError that names the way to what there is.
        """
        if is_draft:
            return self.draft_to_show()
        if number is None and self.current() is None:
            has_draft = (self.draft().path / "draft.json").exists()
            if has_draft:
                raise UsageError("month.not_finished", month=self.month)
        return self.version(number)

    def partials(self) -> list[Path]:
        """The folders of drafts."""
        return [
            path
            for path in self.path.glob("v*.partial")
            if _DRAFT_NAME.fullmatch(path.name)
        ]

    def discard(self, draft: Draft) -> None:
        """Drop a draft that would say nothing new."""
        shutil.rmtree(draft.path, ignore_errors=True)

    # -- the commit --------------------------------------------------------------------------------

    def commit(self, draft: Draft) -> Version:
        """Make the draft the current version; every step may be cut off and done again.

        A sealed month keeps the version that was sealed: what comes after stands beside it.
        """
        if (draft.path / "draft.json").exists():
            write_json(draft.path / "manifest.json", draft.to_manifest().to_json())
            failpoint("commit.manifest")
            (draft.path / "draft.json").unlink()
        failpoint("commit.closed")

        target = self.path / f"v{draft.number:04d}"
        rename_folder(draft.path, target)
        failpoint("commit.renamed")

        if self.read_seal() is None:
            self._write_current(Version(self.month, target))
        return Version(self.month, target)

    def _write_current(self, version: Version) -> None:
        write_text(self.path / "CURRENT", version.path.name + "\n")

    def recover(self) -> None:
        """Finish a commit that was cut off between its steps.

        A sealed month keeps the version that was sealed.
        """
        sweep_folder(self.path)
        self.protect_released()
        for partial in self.partials():
            self._finish_commit(partial)

        seal = self.read_seal()
        wanted = self._find_number(seal.version) if seal else self._find_newest()
        if wanted is not None and self._should_name(wanted, is_sealed=seal is not None):
            self._write_current(wanted)

    def _finish_commit(self, partial: Path) -> None:
        """Commit a draft whose manifest was written before its run was cut off."""
        if (partial / "draft.json").exists() or not (
            partial / "manifest.json"
        ).exists():
            return
        draft = Draft(self.month, partial)
        if draft.rooms:  # else its record is torn, and the next run begins it anew
            self.commit(draft)

    def _find_newest(self) -> Version | None:
        versions = self.versions()
        return versions[-1] if versions else None

    def _should_name(self, wanted: Version, is_sealed: bool) -> bool:
        """Whether CURRENT has to be written: it names nothing, or not the newest version."""
        try:
            current = self.current()
        except StorageError as error:
            if error.key != "storage.torn_current":
                raise
            return True
        if current is None:
            return True
        return not is_sealed and current.number < wanted.number

    # -- the seal ----------------------------------------------------------------------------------

    def read_seal(self) -> Seal | None:
        """The seal of a released month.

        None while it is not released. Raise StorageError where it is torn.
        """
        path = self.path / "SEAL.json"
        record = read_json(path)
        if record is None:
            return None
        version, manifest = record.get("version"), record.get("manifest")
        if not isinstance(version, int) or not isinstance(manifest, str):
            raise torn(path)
        return Seal(version, manifest)

    def release(self, version: Version) -> None:
        """Seal the month with that version.

        Raise Refused when another version is sealed already.
        """
        seal = Seal(version.number, version.identity)
        held = self.read_seal()
        if held is not None and held != seal:
            raise Refused("month.sealed", month=self.month, version=held.version)
        write_json(self.path / "SEAL.json", seal.to_json())
        failpoint("release.sealed")
        self.protect_released()

    def protect_released(self) -> None:
        """Take the right to write from the version that was sealed.

        Nothing of it is ever written again.
        """
        seal = self.read_seal()
        if seal is None:
            return
        path = self.path / f"v{seal.version:04d}"
        if path.is_dir():
            protect_folder(path)


class DayFolder(MonthFolder):
    """One day in the home, with orders that are added to those of the month before it."""

    def __init__(self, home: Path, month: Month, day: date) -> None:
        super().__init__(home, month)
        self.day = day
        self.path = home / "days" / str(day)


class PlanFolder(MonthFolder):
    """One year's plan in the home, in the form of a month; its month is the year's last."""

    def __init__(self, home: Path, year: int) -> None:
        super().__init__(home, Month(year, 12))
        self.path = home / "plans" / str(year)


def list_held_days(home: Path, month: Month) -> list[Version]:
    """The days whose orders were added to those of a month, oldest first."""
    found = []
    for path in sorted((home / "days").glob("????-??-??")):
        day = _parse_day(path.name) if path.is_dir() else None
        version = DayFolder(home, month, day).current() if day else None
        if version is not None and version.read_manifest().month == str(month):
            found.append(version)
    return found


def list_versions_back(version: Version) -> Iterator[Version]:
    """Yield a version, then those of the months held before it, the newest first.

    The month that a day comes after is before it.
    """
    yield version
    home = version.path.parents[2]
    is_day = version.occasion != str(version.month)
    for month in reversed(list_held_months(home)):
        if month < version.month or (is_day and month == version.month):
            yield MonthFolder(home, month).version()


def _parse_day(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


def list_held_months(home: Path) -> list[Month]:
    """The months that have a current version, oldest first."""
    root = home / "months"
    if not root.is_dir():
        return []
    found = []
    for path in sorted(root.iterdir()):
        if MONTH_NAME.fullmatch(path.name) is None:
            continue
        month = Month.parse(path.name)
        if MonthFolder(home, month).is_held():
            found.append(month)
    return found
