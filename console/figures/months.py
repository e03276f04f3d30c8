"""The month that a page is about, as readers see it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.http import Http404

from pipelines.store.lake import MonthFolder, Version, list_held_months

MOST_MONTHS = 13


def list_months(home: Path) -> list[str]:
    """Return the months to choose from, the newest first."""
    return [str(month) for month in reversed(list_held_months(home)[-MOST_MONTHS:])]


def list_released_versions(home: Path) -> Iterator[Version]:
    """Yield the released version of each month that has one, the newest first."""
    for month in reversed(list_held_months(home)):
        folder = MonthFolder(home, month)
        seal = folder.read_seal()
        if seal is not None:
            yield folder.version(seal.version)


def find_newest_release(home: Path) -> Version | None:
    """Return the newest month that is released; None where none is."""
    return next(list_released_versions(home), None)


def require_newest_release(home: Path) -> Version:
    """Return the newest month that is released; raise Http404 where none is."""
    version = find_newest_release(home)
    if version is None:
        raise Http404
    return version


def find_shown_version(home: Path, month: str | None = None) -> Version | None:
    """Return the released version of a month, or of one that is not the one readers use.

    Of the newest month without one; None where none is held. Raise Http404 for one that is not.
    """
    held = {str(one): one for one in list_held_months(home)}
    if not held:
        return None
    name = max(held) if month is None else month
    if name not in held:
        raise Http404
    folder = MonthFolder(home, held[name])
    seal = folder.read_seal()
    return folder.version(seal.version if seal else None)
