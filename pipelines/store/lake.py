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

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pipelines.core.errors import Busy, Refused, UsageError
from pipelines.core.month import Month
from pipelines.store.failpoints import failpoint
from pipelines.store.files import hash_file, protect_folder, read_json, rename_folder, sweep, write_json, write_text

_VERSION = re.compile(r"v(\d{4,})(\.partial)?")


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
        """What the version is made of and what it holds."""
        manifest: dict[str, Any] = json.loads((self.path / "manifest.json").read_text(encoding="utf-8"))
        return manifest

    @property
    def identity(self) -> str:
        """The manifest's SHA-256: names the version's whole content."""
        return hash_file(self.path / "manifest.json")

    @property
    def occasion(self) -> str:
        """What the version's orders were made for: the month, or a day after it."""
        return str(self.manifest["inputs"].get("day", self.month))

    def is_computed(self, name: str) -> bool:
        """Whether the version holds a table."""
        entry = self.manifest["tables"].get(name)
        return entry is not None and entry["status"] == "computed"

    def table(self, name: str) -> Path:
        """The Parquet file of a computed table; raise UsageError naming the table when it is not computed."""
        entry = self.manifest["tables"].get(name)
        if entry is None:
            raise UsageError("table.unknown", table=name, month=self.month)
        if entry["status"] != "computed":
            raise UsageError("table.not_computed", table=name, month=self.month, reason="; ".join(entry["reasons"]))
        return self.path / f"{name}.parquet"


class Draft:
    """The version being built; each finished room is recorded, so that a killed run goes on behind it."""

    def __init__(self, month: Month, path: Path) -> None:
        self.month = month
        self.path = path
        state = read_json(path / "draft.json") or read_json(path / "manifest.json") or {}
        self.inputs: dict[str, Any] = state.get("inputs", {})
        self.rooms: list[str] = state.get("rooms", [])
        self.tables: dict[str, dict[str, Any]] = state.get("tables", {})

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
        self.inputs, self.rooms, self.tables = inputs, [], {}
        self._save()

    def finish_room(self, room: str, tables: dict[str, dict[str, Any]], inputs: dict[str, Any] | None = None) -> None:
        """Record a room's tables; `inputs` adds what only the room could know (a database's content)."""
        self.tables |= tables
        self.inputs |= inputs or {}
        self.rooms = [*self.rooms, room]
        failpoint(f"room.made:{room}")
        shutil.rmtree(self.scratch, ignore_errors=True)
        self._save()

    def content(self) -> dict[str, Any]:
        """The manifest this draft will get."""
        return {"month": str(self.month), "inputs": self.inputs, "rooms": self.rooms, "tables": self.tables}

    def _save(self) -> None:
        write_json(self.path / "draft.json", self.content())


class MonthFolder:
    """One month in the home: its versions, draft, lock and seal."""

    def __init__(self, home: Path, month: Month) -> None:
        self.month = month
        self.home = home
        self.path = home / "months" / str(month)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the month for one run; raise Busy at once when another run has it."""
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
        found = [p for p in self.path.iterdir() if _VERSION.fullmatch(p.name) and not p.name.endswith(".partial")]
        return sorted((Version(self.month, p) for p in found), key=lambda version: version.number)

    def current(self) -> Version | None:
        """The version readers use; None when the month is not held."""
        try:
            name = (self.path / "CURRENT").read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Version(self.month, self.path / name)

    def version(self, number: int | None = None) -> Version:
        """A version by number, the current one without; raise UsageError when it is not there."""
        found = self.current() if number is None else next((v for v in self.versions() if v.number == number), None)
        if found is None:
            raise UsageError("month.not_held", month=self.month)
        return found

    def draft(self) -> Draft:
        """The draft in progress, or the next free number."""
        partial = sorted(self.path.glob("v*.partial"), key=lambda path: Draft(self.month, path).number)
        if partial:
            return Draft(self.month, partial[-1])
        number = max((v.number for v in self.versions()), default=0) + 1
        return Draft(self.month, self.path / f"v{number:04d}.partial")

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
        for partial in self.path.glob("v*.partial"):
            if (partial / "manifest.json").exists() and not (partial / "draft.json").exists():
                self.commit(Draft(self.month, partial))
        newest = self.versions()[-1:]
        current = self.current()
        if self.seal() is None and newest and (current is None or current.number < newest[0].number):
            write_text(self.path / "CURRENT", newest[0].path.name + "\n")

    def discard(self, draft: Draft) -> None:
        """Drop a draft that would say nothing new."""
        shutil.rmtree(draft.path, ignore_errors=True)

    def seal(self) -> dict[str, Any] | None:
        """The seal of a released month: version and manifest hash."""
        return read_json(self.path / "SEAL.json")

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
    folders = [p for p in (home / "days").glob("????-??-??") if p.is_dir()]
    days = [DayFolder(home, month, date.fromisoformat(p.name)).current() for p in sorted(folders)]
    return [version for version in days if version and version.manifest["month"] == str(month)]


def held_months(home: Path) -> list[Month]:
    """The months that have a current version, oldest first."""
    root = home / "months"
    if not root.is_dir():
        return []
    names = sorted(p.name for p in root.iterdir() if re.fullmatch(r"\d{4}-\d{2}", p.name))
    return [m for m in map(Month.parse, names) if MonthFolder(home, m).current() is not None]
