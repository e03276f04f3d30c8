"""What is owed by the next working day and is not done: a guard that needs no scheduler to be alive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.cli.screens.views import outcome
from pipelines.core.calendar import Calendar
from pipelines.core.errors import Incomplete
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.operations.deadlines import deadlines
from pipelines.store.lake import MonthFolder

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
        told = outcome(current) if current else {}
        held_back = told.get("withheld", {}) | told.get("not_computed", {})
        for one in deadlines(folder, held_back, today):
            yield {"month": str(month), "name": one.name, "due_on": one.due_on, "state": one.state}
