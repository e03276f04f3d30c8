"""The home: can a version be built in it, how much space is there, are its months whole."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from pipelines.core.errors import RetentionError
from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.jobs.size import measure_month
from pipelines.operations.doctor.check import FAIL, OK, WARN, Check
from pipelines.store.lake import MonthFolder, Version, list_held_months

# Bytes free beside the home.
_GIB = 2**30
LITTLE = 20 * _GIB
TOO_LITTLE = _GIB
OLD_DRAFT = timedelta(hours=12)


def check_home(home: Path) -> Check:
    """Look whether a version could be built and put in place here.

    A folder that is not there yet would be made.
    """
    folder = nearest_folder(home)
    try:
        _rename_something(folder)
    except OSError as error:
        why = error.strerror or type(error).__name__
        return Check("home", FAIL, "home", {"where": folder, "why": why})

    if is_open_to_others(home):
        return Check("home", WARN, "home_open", {"where": home})
    return Check("home", OK, "home", {"where": folder})


def _rename_something(folder: Path) -> None:
    """Do what putting a version in place does: make a folder and rename it."""
    with tempfile.TemporaryDirectory(prefix=".doctor-", dir=folder) as name:
        before = Path(name) / "a"
        before.mkdir()
        os.rename(before, Path(name) / "b")


def is_open_to_others(home: Path) -> bool:
    """Say whether others than its owner can enter a home and read something in it."""
    if not home.is_dir() or not _is_open_mode(home.stat().st_mode):
        return False
    for path in home.rglob("*"):
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and _is_open_mode(mode):
            return True
    return False


def _is_open_mode(mode: int) -> bool:
    """Whether a mode lets the group or others do anything."""
    return mode & 0o077 != 0


def nearest_folder(home: Path) -> Path:
    """Return the home, or the folder it would be made in."""
    path = home.absolute()
    while not path.exists():
        path = path.parent
    return path


def check_disk(home: Path) -> Check:
    """Look how much space there is beside the home."""
    folder = nearest_folder(home)
    free = shutil.disk_usage(folder).free
    if free < TOO_LITTLE:
        state = FAIL
    elif free < LITTLE:
        state = WARN
    else:
        state = OK

    free_gib = f"{free / _GIB:.1f}"
    return Check("disk", state, "disk", {"where": folder, "free": free_gib})


def check_months(home: Path) -> Check:
    """Look whether what CURRENT and SEAL.json name is there and is what it was."""
    found = sorted((home / "months").glob("????-??"))
    folders = [path for path in found if path.is_dir()]
    broken = []
    for path in folders:
        month = Month.parse(path.name)
        if _is_broken(MonthFolder(home, month)):
            broken.append(path.name)

    state = FAIL if broken else OK
    facts = {"count": len(folders), "broken": ", ".join(broken)}
    return Check("months", state, "months", facts)


def _is_broken(folder: MonthFolder) -> bool:
    try:
        current = folder.current()
        seal = folder.read_seal()
        if current is not None:
            current.read_manifest()
        if seal is not None:
            return folder.version(seal.version).identity != seal.manifest
    except (OSError, ValueError, KeyError, RetentionError):
        return True

    return False


def check_size(home: Path, settings: Settings) -> Check:
    """Look whether a month of the size of the newest one fits this machine."""
    try:
        version = _find_newest(home)
        size = measure_month(version.entries, settings, home) if version else None
    except (OSError, ValueError, KeyError, RetentionError):
        size = None  # `check_months` says what is broken
    if size is None:
        return Check("size", OK, "size_unknown")
    state = OK if size.finding == "size" else WARN
    return Check("size", state, size.finding, size.facts)


def _find_newest(home: Path) -> Version | None:
    """The current version of the newest month that is held."""
    held = list_held_months(home)
    return MonthFolder(home, held[-1]).current() if held else None


def check_drafts(home: Path, now: datetime) -> Check:
    """Look what killed runs have left: drafts that nobody has written into for half a day."""
    months = set(_list_old_drafts(home, now))
    state = WARN if months else OK
    return Check("drafts", state, "drafts", {"months": ", ".join(sorted(months))})


def _list_old_drafts(home: Path, now: datetime) -> Iterator[str]:
    oldest = (now - OLD_DRAFT).timestamp()
    for path in home.glob("*/*/v*.partial"):
        if path.stat().st_mtime < oldest:
            yield path.parent.name
