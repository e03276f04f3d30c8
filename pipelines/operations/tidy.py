"""What lies in the home longer than it must: old drafts, superseded versions, old months.

A version stays while anything still speaks of it: it is current or released, restates a released
one, or a month that stays was made of it. A month goes whole, with its days and the letters of
both; a line in `removed.jsonl` says which version it was.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pipelines.core.errors import Busy
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.store.failpoints import failpoint
from pipelines.store.files import remove_folder
from pipelines.store.lake import MonthFolder, Version, list_held_days, list_held_months

RECORD = "removed.jsonl"


@dataclass(frozen=True)
class Removal:
    """What may go: a draft, a version, letters, a day or a month; `size` in bytes."""

    kind: str
    month: Month
    path: Path
    size: int


# -- what may go -----------------------------------------------------------------------------------


def find_removable(home: Path, settings: Settings, now: datetime) -> list[Removal]:
    """Return what may go by the settings' retention periods, oldest month first.

    Nothing is touched.
    """
    months = list_held_months(home)
    going = _list_going(months, settings.keep_months)
    staying = [month for month in months if month not in going]
    removals: list[Removal] = []
    for month in going:
        removals += _list_whole_month(home, month)

    needed = _find_needed(home, staying)
    for month in staying:
        removals += _find_in_staying(MonthFolder(home, month), needed, settings, now)
    return removals


def _list_going(months: list[Month], keep_months: int | None) -> list[Month]:
    """The months beyond those that are kept; none where all are."""
    if not months or not keep_months:
        return []
    newest_going = months[-1].plus(-keep_months)
    return [month for month in months if month <= newest_going]


def _list_whole_month(home: Path, month: Month) -> Iterator[Removal]:
    """A month with its days, and the letters of both: they hold what was sent."""
    days = list_held_days(home, month)
    occasions = [str(month)]
    occasions += [day.occasion for day in days]
    for occasion in occasions:
        letters = home / "outbox" / occasion
        if letters.is_dir():
            yield _measure_removal("letters", month, letters)

    for day in days:
        yield _measure_removal("day", month, day.path.parent)
    yield _measure_removal("month", month, MonthFolder(home, month).path)


def _find_in_staying(
    folder: MonthFolder, needed: set[str], settings: Settings, now: datetime
) -> Iterator[Removal]:
    """The drafts and versions of a month that may go though the month stays."""
    drafts = folder.path.glob("v*.partial")
    for path in _list_old(drafts, now, settings.keep_draft_days):
        yield _measure_removal("draft", folder.month, path)

    spare = []
    for version in folder.versions():
        if version.identity not in needed:
            spare.append(version.path)
    for path in _list_old(spare, now, settings.keep_version_days):
        yield _measure_removal("version", folder.month, path)


def _measure_removal(kind: str, month: Month, path: Path) -> Removal:
    size = 0
    for file in path.rglob("*"):
        if file.is_file():
            size += file.stat().st_size
    return Removal(kind, month, path, size)


def _list_old(folders: Iterable[Path], now: datetime, days: int) -> list[Path]:
    """Those that nothing was written into for that many days."""
    limit = (now - timedelta(days=days)).timestamp()
    return [folder for folder in sorted(folders) if _find_last_write(folder) < limit]


def _find_last_write(folder: Path) -> float:
    times = [path.stat().st_mtime for path in (folder, *folder.iterdir())]
    return max(times)


def _find_needed(home: Path, months: list[Month]) -> set[str]:
    """The identities of the versions that are spoken of.

    These are the current, the released and the restating ones, and what any of them is made of.
    """
    needed: set[str] = set()
    for month in months:
        folder = MonthFolder(home, month)
        named = _list_named(folder)
        for version in folder.versions():
            is_restating = version.month_inputs.restates is not None
            if version.number in named or is_restating:
                needed.add(version.identity)
                needed.update(_list_made_of(version))

        for day in list_held_days(home, month):
            needed.update(_list_made_of(day))

    return needed


def _list_named(folder: MonthFolder) -> set[int]:
    """The numbers of the versions that the month's seal and its CURRENT name."""
    numbers = set()
    seal = folder.read_seal()
    if seal is not None:
        numbers.add(seal.version)
    current = folder.current()
    if current is not None:
        numbers.add(current.number)
    return numbers


def _list_made_of(version: Version) -> Iterator[str]:
    """The identities of the versions that a version was made of.

    The manifest names each as `MONTH IDENTITY`.
    """
    inputs = version.inputs
    named = [*inputs.get("earlier", {}).values(), *inputs.get("days", [])]
    if "day" in inputs:
        named.append(inputs["month"])
    for text in named:
        if text:
            yield text.split(" ")[1]


# -- removing --------------------------------------------------------------------------------------


def tidy_home(home: Path, settings: Settings, now: datetime) -> list[Removal]:
    """Remove what may go, a month at a time under its lock.

    A month that runs is left for the next time.

    Killed in between, nothing is half there: a folder is renamed away before it is emptied, and a
    month is on record before it goes.
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


def _remove(home: Path, removal: Removal, now: datetime) -> None:
    """Rename a folder away and empty it; a month is put on record before."""
    if removal.kind == "month":
        _put_on_record(home, removal, now)
    name = removal.path.name
    away = removal.path.parent / f"{name}.gone"
    if removal.kind in ("draft", "version"):
        # Beside the months, where no month looks.
        away = home / "months" / f"{removal.month}-{name}.gone"
    os.rename(removal.path, away)
    failpoint("tidy.renamed")
    remove_folder(away)


def _put_on_record(home: Path, removal: Removal, now: datetime) -> None:
    """Add a line that says which version a month was."""
    folder = MonthFolder(home, removal.month)
    seal = folder.read_seal()
    line = {
        "month": str(removal.month),
        "manifest": folder.version().identity,
        "removed_at": now.isoformat(),
        "released": seal.version if seal else None,
    }
    text = json.dumps(line, sort_keys=True)
    with (home / RECORD).open("a", encoding="utf-8") as record:
        record.write(f"{text}\n")
        record.flush()
        os.fsync(record.fileno())
