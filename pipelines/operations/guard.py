"""What is owed by the next working day and is not done: a guard that needs no scheduler to be alive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.core.calendar import Calendar
from pipelines.core.errors import Incomplete
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.documents.month_view import summarise_outcome
from pipelines.operations.deadlines import deadlines
from pipelines.store.lake import MonthFolder, Version

MONTHS = 2  # a duty falls due at most two months after its bill month
PRESSING = ("due", "overdue")


def find_pressing(home: Path, today: date) -> list[dict[str, Any]]:
    """Return each duty that is due by the next working day, or was, and is not done: month, name, due_on, state.

    A bill month that was never run is owed all of its duties. A home without any month owes nothing yet.
    """
    limit = Calendar.load(load_settings().calendar_file).after(today, 1)
    found = [] if not (home / "months").is_dir() else list(_owed(home, today))
    return [row for row in found if row["state"] in PRESSING and row["due_on"] <= limit]


def raise_pressing(found: list[dict[str, Any]]) -> None:
    """Raise Incomplete when something presses, after it was told."""
    if found:
        raise Incomplete("due.pressing", count=len(found))


def _owed(home: Path, today: date) -> Iterator[dict[str, Any]]:
    this = Month(today.year, today.month)
    for month in (this.plus(-back) for back in range(MONTHS, 0, -1)):
        folder = MonthFolder(home, month)
        current = folder.current()
        held_back = _read_held_back(current) if current else {}
        for one in deadlines(folder, held_back, today):
            yield {"month": str(month), "name": one.name, "due_on": one.due_on, "state": one.state}


def _read_held_back(version: Version) -> dict[str, str]:
    """Return what a version withheld or did not compute, with the reason."""
    outcome = summarise_outcome(version)
    return outcome["withheld"] | outcome["not_computed"]
