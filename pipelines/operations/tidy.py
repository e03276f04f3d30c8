"""What lies in the home longer than it must: drafts nobody goes on with, versions that were superseded, old months.

A version stays while anything still speaks of it: it is current or released, restates a released one, or a month that
stays was made of it. A month goes whole, with its days and the letters of both; a line in `removed.jsonl` says which
version it was.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pipelines.core.errors import Busy
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.store.failpoints import failpoint
from pipelines.store.files import remove_folder
from pipelines.store.lake import MonthFolder, Version, held_days, held_months

RECORD = "removed.jsonl"


@dataclass(frozen=True)
class Removal:
    """What may go: a draft, a version, letters, a day or a month; `size` in bytes."""

    kind: str
    month: Month
    path: Path
    size: int


def find_removable(home: Path, settings: Settings, now: datetime) -> list[Removal]:
    """Return what may go by the settings' retention periods, oldest month first; nothing is touched."""
    months = held_months(home)
    oldest = months[-1].plus(-settings.keep_months) if months and settings.keep_months else None
    gone = [month for month in months if oldest and month <= oldest]
    staying = [month for month in months if month not in gone]
    found = [removal for month in gone for removal in _month(home, month)]
    needed = _needed(home, staying)
    for month in staying:
        folder = MonthFolder(home, month)
        found += [
            _removal("draft", month, p)
            for p in _old(folder.path.glob("v*.partial"), now, settings.keep_draft_days)
        ]
        spare = [v.path for v in folder.versions() if v.identity not in needed]
        found += [
            _removal("version", month, path)
            for path in _old(spare, now, settings.keep_version_days)
        ]
    return found


def tidy(home: Path, settings: Settings, now: datetime) -> list[Removal]:
    """Remove what may go, a month at a time under its lock; a month that runs is left for the next time.

    Killed in between, nothing is half there: a folder is renamed away before it is emptied, and a month is on record
    before it goes.
    """
    for rest in home.glob("*/*.gone"):
        remove_folder(rest)
    done = []
    for removal in find_removable(home, settings, now):
        try:
            with MonthFolder(home, removal.month).lock():
                _remove(home, removal, now)
        except Busy:
            continue
        done.append(removal)
    return done


def _month(home: Path, month: Month) -> list[Removal]:
    """A month with its days, and the letters of both: they hold what was sent."""
    days = held_days(home, month)
    letters = [
        home / "outbox" / occasion for occasion in (str(month), *(day.occasion for day in days))
    ]
    found = [_removal("letters", month, path) for path in letters if path.is_dir()]
    found += [_removal("day", month, day.path.parent) for day in days]
    return [*found, _removal("month", month, MonthFolder(home, month).path)]


def _removal(kind: str, month: Month, path: Path) -> Removal:
    return Removal(kind, month, path, sum(p.stat().st_size for p in path.rglob("*") if p.is_file()))


def _old(paths: Iterator[Path] | list[Path], now: datetime, days: int) -> list[Path]:
    """Those that nothing was written into for that many days."""
    before = (now - timedelta(days=days)).timestamp()
    return [
        path
        for path in sorted(paths)
        if max(p.stat().st_mtime for p in (path, *path.iterdir())) < before
    ]


def _needed(home: Path, months: list[Month]) -> set[str]:
    """The identities of the versions that are spoken of: current, released, restating, and what any of these is made of."""
    needed: set[str] = set()
    for month in months:
        folder = MonthFolder(home, month)
        sealed = (folder.seal() or {}).get("version")
        current = folder.current()
        for version in folder.versions():
            is_spoken_of = version.number == sealed or (
                current and version.number == current.number
            )
            if is_spoken_of or "restates" in version.manifest["inputs"]:
                needed |= {version.identity, *_made_of(version)}
        for day in held_days(home, month):
            needed |= _made_of(day)
    return needed


def _made_of(version: Version) -> set[str]:
    inputs = version.manifest["inputs"]
    said = [*inputs.get("earlier", {}).values(), *inputs.get("days", [])]
    said += [inputs["month"]] if "day" in inputs else []
    return {text.split(" ")[1] for text in said if text}


def _remove(home: Path, removal: Removal, now: datetime) -> None:
    if removal.kind == "month":
        _put_on_record(home, removal, now)
    away = removal.path.parent / f"{removal.path.name}.gone"
    if removal.kind in ("draft", "version"):  # beside the months, where no month looks
        away = home / "months" / f"{removal.month}-{removal.path.name}.gone"
    os.rename(removal.path, away)
    failpoint("tidy.renamed")
    remove_folder(away)


def _put_on_record(home: Path, removal: Removal, now: datetime) -> None:
    folder = MonthFolder(home, removal.month)
    seal = folder.seal() or {}
    said = {
        "month": str(removal.month),
        "manifest": folder.version().identity,
        "removed_at": now.isoformat(),
    }
    with (home / RECORD).open("a", encoding="utf-8") as record:
        record.write(json.dumps(said | {"released": seal.get("version")}, sort_keys=True) + "\n")
        record.flush()
        os.fsync(record.fileno())
