"""What is owed by the next working day and is not done; no scheduler need be alive to say it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipelines.core.calendar import Calendar
from pipelines.core.errors import Incomplete
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.documents.month_view import summarise_outcome
from pipelines.operations.deadlines import DUE, OVERDUE, list_deadlines
from pipelines.store.lake import MonthFolder

MONTHS = 2  # a duty falls due at most two months after its bill month
PRESSING = (DUE, OVERDUE)


@dataclass(frozen=True)
class PressingDuty:
    """A duty of a bill month that is not done: the last day for it, and whether that is over."""

    month: str
    name: str
    due_on: date
    state: str


def find_pressing(home: Path, today: date) -> list[PressingDuty]:
    """Return each duty that is due by the next working day, or was, and is not done.

    A bill month that was never run is owed all of its duties. A home without any month owes nothing
    yet.
    """
    calendar = Calendar.load(load_settings().calendar_file)
    limit = calendar.after(today, 1)
    if not (home / "months").is_dir():
        return []
    pressing = []
    for duty in _list_owed(home, today):
        if duty.state in PRESSING and duty.due_on <= limit:
            pressing.append(duty)

    return pressing


def raise_pressing(pressing: Sequence[PressingDuty]) -> None:
    """Raise Incomplete when something presses, after it was shown."""
    if pressing:
        raise Incomplete("due.pressing", count=len(pressing))


def _list_owed(home: Path, today: date) -> Iterator[PressingDuty]:
    this_month = Month(today.year, today.month)
    for back in range(MONTHS, 0, -1):
        month = this_month.plus(-back)
        folder = MonthFolder(home, month)
        for one in list_deadlines(folder, _find_held_back(folder), today):
            yield PressingDuty(str(month), one.name, one.due_on, one.state)


def _find_held_back(folder: MonthFolder) -> dict[str, str]:
    """Why outputs of a month may not be used, by name; nothing of a month that was never run."""
    current = folder.current()
    if current is None:
        return {}
    outcome = summarise_outcome(current)
    return outcome["withheld"] | outcome["not_computed"]
