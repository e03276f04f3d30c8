"""A month is a folder: versions, the one that counts, the draft being built, the seal.

    <home>/months/2026-10/v0002/<table>.parquet … manifest.json outbox/
    <home>/months/2026-10/CURRENT            names the version readers use
    <home>/months/2026-10/v0003.partial/     a draft: draft.json tells which rooms are finished
    <home>/months/2026-10/SEAL.json          the released version; nothing replaces it
    <home>/days/2026-11-05/…                 a day after it, in the same form
    <home>/plans/2027/…                      a year's plan, in the same form

The manifest comes last and has no clock in it: the same inputs make the same bytes.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines.core.errors import Busy, Refused, StorageError, UsageError
from pipelines.core.month import Month
from pipelines.store.failpoints import failpoint
from pipelines.store.files import (
    protect_folder,
    read_json,
    rename_folder,
    sweep,
    write_json,
    write_text,
)
from pipelines.store.torn import (
    VERSION_NAME,
    check_manifest,
    check_table,
    parse_record,
    read_kept,
    torn,
)

MONTH_NAME = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_PATTERN_MARKS = frozenset("*?[")
_DRAFT_NAME = re.compile(VERSION_NAME.pattern + r"\.partial")


@dataclass(frozen=True)
class Version:
    """A finished version of a month: read-only tables and their manifest."""

    month: Month
    path: Path

    @property
    def number(self) -> int:
        """The version's number, 1 for the first."""
        return int(self.path.name[1:])

    @property
    def manifest(self) -> dict[str, Any]:
        """What the version is made of and what it holds; raise StorageError where that is gone or torn."""
        path = self.path / "manifest.json"
        return check_manifest(path, parse_record(path, read_kept(path)))

    @property
    def identity(self) -> str:
        """The manifest's SHA-256: names the version's whole content."""
        return sha256(read_kept(self.path / "manifest.json")).hexdigest()

    @property
    def occasion(self) -> str:
        """What the version's orders were made for: the month, or a day after it."""
        return str(self.manifest["inputs"].get("day", self.month))

    def is_computed(self, name: str) -> bool:
        """Whether the version holds a table."""
        entry = self.manifest["tables"].get(name)
        return entry is not None and entry["status"] == "computed"

    def table(self, name: str) -> Path:
        """The Parquet file of a computed table; raise UsageError naming the table when it is not computed.

        Raise StorageError naming the file when it is gone or cut off.
        """
        return _find_table(self, name)


class Draft:
    """The version being built; each finished room is recorded, so that a killed run goes on behind it."""

    def __init__(self, month: Month, path: Path) -> None:
        self.month = month
        self.path = path
        state = self._read_state()
        self.inputs: dict[str, Any] = state.get("inputs", {})
        self.rooms: list[str] = state.get("rooms", [])
        self.tables: dict[str, dict[str, Any]] = state.get("tables", {})
        self.stopped: dict[str, Any] | None = state.get("stopped")

    def _read_state(self) -> dict[str, Any]:
        """What is finished; nothing of a draft whose record is torn, which is begun anew."""
        for path in (self.path / "draft.json", self.path / "manifest.json"):
            with suppress(StorageError):
                if (state := read_json(path)) is not None:
                    return check_manifest(path, state)
        return {}

    @property
    def number(self) -> int:
        """The number the version will have."""
        return int(self.path.name.split(".")[0][1:])

    @property
    def scratch(self) -> Path:
        """A folder for spilling and for private database files; gone when the version is finished."""
        return self.path / "tmp"

    def start(self, inputs: dict[str, Any]) -> None:
        """Begin afresh with those inputs."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        self.inputs, self.rooms, self.tables, self.stopped = inputs, [], {}, None
        self._save()

    def finish_room(
        self, room: str, tables: dict[str, dict[str, Any]], inputs: dict[str, Any] | None = None
    ) -> None:
        """Record a room's tables; `inputs` adds what only the room could know (a database's content)."""
        self.tables |= tables
        self.inputs |= inputs or {}
        self.rooms = [*self.rooms, room]
        self.stopped = None
        failpoint(f"room.made:{room}")
        shutil.rmtree(self.scratch, ignore_errors=True)
        self._save()

    def stop_room(self, room: str, tables: dict[str, dict[str, Any]], why: str) -> None:
        """Record what a room had written when the gate stopped it: to be looked at, and no part of the version.

        The room is not finished: the next run makes all its tables again.
        """
        self.stopped = {"room": room, "tables": tables, "why": why}
        failpoint(f"room.stopped:{room}")
        shutil.rmtree(self.scratch, ignore_errors=True)
        self._save()

    @property
    def manifest(self) -> dict[str, Any]:
        """What can be looked at: the tables of finished rooms, and those of the room that was stopped."""
        shown = self.stopped["tables"] if self.stopped else {}
        return self.content() | {"tables": self.tables | shown}

    def is_computed(self, name: str) -> bool:
        """Whether the draft holds a table that can be looked at."""
        entry = self.manifest["tables"].get(name)
        return entry is not None and entry["status"] == "computed"

    def table(self, name: str) -> Path:
        """The Parquet file of a table that can be looked at; raise UsageError naming it when there is none."""
        return _find_table(self, name)

    def content(self) -> dict[str, Any]:
        """The manifest this draft will get."""
        return {
            "month": str(self.month),
            "inputs": self.inputs,
            "rooms": self.rooms,
            "tables": self.tables,
        }

    def _save(self) -> None:
        state = self.content() | ({"stopped": self.stopped} if self.stopped else {})
        write_json(self.path / "draft.json", state)


Made = Version | Draft  # what has tables that can be looked at


def _find_table(made: Made, name: str) -> Path:
    entry = made.manifest["tables"].get(name)
    if entry is None:
        raise UsageError("table.unknown", table=name, month=made.month)
    if entry["status"] != "computed":
        raise UsageError(
            "table.not_computed", table=name, month=made.month, reason="; ".join(entry["reasons"])
        )
    return check_table(made.path / f"{name}.parquet")


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
        if marks := sorted(set(str(self.path.absolute())) & _PATTERN_MARKS):
            raise UsageError("home.pattern", home=self.home.absolute(), marks=" ".join(marks))
        from filelock import FileLock, Timeout  # here, so that who only reads does not wait for it

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

    def versions(self) -> list[Version]:
        """All finished versions, oldest first."""
        if not self.path.is_dir():
            return []
        found = [p for p in self.path.iterdir() if VERSION_NAME.fullmatch(p.name)]
        return sorted((Version(self.month, p) for p in found), key=lambda version: version.number)

    def current(self) -> Version | None:
        """The version readers use; None when the month is not held.

        Raise StorageError where CURRENT names none, or one that is not there: a name is followed nowhere else.
        """
        if not self.is_held():
            return None
        path = self.path / "CURRENT"
        name = read_kept(path).decode("utf-8", "replace").strip() if path.exists() else ""
        if VERSION_NAME.fullmatch(name) is None:
            raise StorageError("storage.torn_current", where=path, month=self.path.name)
        if not (self.path / name).is_dir():
            raise StorageError("storage.gone", where=self.path / name)
        return Version(self.month, self.path / name)

    def is_held(self) -> bool:
        """Whether the month has a version that readers use, be it readable or not."""
        return (self.path / "CURRENT").exists() or (self.path / "SEAL.json").exists()

    def version(self, number: int | None = None) -> Version:
        """A version by number, the current one without; raise UsageError when it is not there."""
        found = (
            self.current()
            if number is None
            else next((v for v in self.versions() if v.number == number), None)
        )
        if found is None:
            raise UsageError("month.not_held", month=self.month)
        return found

    def draft(self) -> Draft:
        """The draft in progress, or the next free number."""
        partial = [Draft(self.month, path) for path in self.partials()]
        if partial:
            return max(partial, key=lambda draft: draft.number)
        number = max((v.number for v in self.versions()), default=0) + 1
        return Draft(self.month, self.path / f"v{number:04d}.partial")

    def draft_to_show(self) -> Draft:
        """The draft that is there, to be looked at; raise UsageError when there is none."""
        draft = self.draft()
        if not (draft.path / "draft.json").exists():
            raise UsageError("month.no_draft", month=self.month)
        return draft

    def made_to_show(self, number: int | None = None, is_draft: bool = False) -> Made:
        """What people look at: a version, or the draft; raise UsageError that names the way to what there is."""
        if is_draft:
            return self.draft_to_show()
        if (
            number is None
            and self.current() is None
            and (self.draft().path / "draft.json").exists()
        ):
            raise UsageError("month.not_finished", month=self.month)
        return self.version(number)

    def partials(self) -> list[Path]:
        """The folders of drafts."""
        return [path for path in self.path.glob("v*.partial") if _DRAFT_NAME.fullmatch(path.name)]

    def commit(self, draft: Draft) -> Version:
        """Make the draft the current version; every step may be cut off and done again.

        A sealed month keeps the version that was sealed: what comes after stands beside it.
        """
        if (draft.path / "draft.json").exists():
            write_json(draft.path / "manifest.json", draft.content())
            failpoint("commit.manifest")
            (draft.path / "draft.json").unlink()
        failpoint("commit.closed")
        target = self.path / f"v{draft.number:04d}"
        rename_folder(draft.path, target)
        failpoint("commit.renamed")
        if self.seal() is None:
            write_text(self.path / "CURRENT", target.name + "\n")
        return Version(self.month, target)

    def recover(self) -> None:
        """Finish a commit that was cut off between its steps; a sealed month keeps the version that was sealed."""
        sweep(self.path)
        self.protect_released()
        for partial in self.partials():
            if (partial / "manifest.json").exists() and not (partial / "draft.json").exists():
                draft = Draft(self.month, partial)
                if draft.rooms:  # else its record is torn, and the next run begins it anew
                    self.commit(draft)
        seal, held = self.seal(), self.versions()
        wanted = (
            [version for version in held if version.number == seal["version"]]
            if seal
            else held[-1:]
        )
        if wanted and self._should_name(wanted[0], is_sealed=seal is not None):
            write_text(self.path / "CURRENT", wanted[0].path.name + "\n")

    def _should_name(self, wanted: Version, is_sealed: bool) -> bool:
        """Whether CURRENT has to be written: it names nothing, or an older version than the newest."""
        try:
            current = self.current()
        except StorageError as error:
            if error.key != "storage.torn_current":
                raise
            return True
        return current is None or (not is_sealed and current.number < wanted.number)

    def discard(self, draft: Draft) -> None:
        """Drop a draft that would say nothing new."""
        shutil.rmtree(draft.path, ignore_errors=True)

    def seal(self) -> dict[str, Any] | None:
        """The seal of a released month: version and manifest hash; raise StorageError where it is torn."""
        path = self.path / "SEAL.json"
        seal = read_json(path)
        if seal is not None and not (
            isinstance(seal.get("version"), int) and isinstance(seal.get("manifest"), str)
        ):
            raise torn(path)
        return seal

    def release(self, version: Version) -> None:
        """Seal the month with that version; raise Refused when another version is sealed already."""
        seal = {"version": version.number, "manifest": version.identity}
        held = self.seal()
        if held is not None and held != seal:
            raise Refused("month.sealed", month=self.month, version=held["version"])
        write_json(self.path / "SEAL.json", seal)
        failpoint("release.sealed")
        self.protect_released()

    def protect_released(self) -> None:
        """Take the right to write from the version that was sealed; nothing of it is ever written again."""
        held = self.seal()
        path = self.path / f"v{held['version']:04d}" if held else None
        if path and path.is_dir():
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


def held_days(home: Path, month: Month) -> list[Version]:
    """The days whose orders were added to those of a month, oldest first."""
    names = sorted(path.name for path in (home / "days").glob("????-??-??") if path.is_dir())
    days = [DayFolder(home, month, day).current() for day in map(_read_day, names) if day]
    return [version for version in days if version and version.manifest["month"] == str(month)]


def _read_day(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


def held_months(home: Path) -> list[Month]:
    """The months that have a current version, oldest first."""
    root = home / "months"
    if not root.is_dir():
        return []
    names = sorted(p.name for p in root.iterdir() if MONTH_NAME.fullmatch(p.name))
    return [m for m in map(Month.parse, names) if MonthFolder(home, m).is_held()]
