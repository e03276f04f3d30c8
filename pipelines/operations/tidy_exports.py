"""Workbooks and papers that were exported long ago: they hold names, and lie outside the home.

Only files that an export has named are looked at: by their month or day, in one folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from pipelines.core.month import Month
from pipelines.core.settings import Settings
from pipelines.operations.tidy import Removal

_EXPORTED = re.compile(
    r"(\d{4}-(?:0[1-9]|1[0-2]))(?:-\d\d)?_.+\.(?:xlsx|docx|pdf|html|csv|zip)"
)


def find_old_exports(folder: Path, settings: Settings, now: datetime) -> list[Removal]:
    """Return the exported files that were written longer ago than they are kept."""
    limit = (now - timedelta(days=settings.keep_export_days)).timestamp()
    return [old for old in _list_exports(folder) if old.path.stat().st_mtime < limit]


def _list_exports(folder: Path) -> Iterator[Removal]:
    for path in sorted(folder.iterdir()):
        named = _EXPORTED.fullmatch(path.name)
        if named and path.is_file() and not path.is_symlink():
            size = path.stat().st_size
            yield Removal("export", Month.parse(named[1]), path, size)


def remove_old_exports(
    folder: Path, settings: Settings, now: datetime
) -> list[Removal]:
    """Remove them, and return them."""
    removals = find_old_exports(folder, settings, now)
    for removal in removals:
        removal.path.unlink(missing_ok=True)
    return removals
