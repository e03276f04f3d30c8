"""What the office owes for a month, by when, and what became of it.

The days are data (`deadlines.yml`). Today's date decides only how they are shown; it gets into no
table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pipelines.core.month import Month
from pipelines.core.reasons import join_reasons
from pipelines.store.lake import DayFolder, MonthFolder, Version

if TYPE_CHECKING:
    from pipelines.core.calendar import Calendar
    from pipelines.core.settings import Settings

DONE = "done"  # released with all that it needs
DUE = "due"
OVERDUE = "overdue"
HELD_BACK = "held_back"  # released, but not all of it
BY_HAND = "by_hand"  # the home does not know
STATES = (DONE, DUE, OVERDUE, HELD_BACK, BY_HAND)


@dataclass(frozen=True)
class Duty:
    """One thing owed every bill month, as `deadlines.yml` states it.

    The file says what each line means.
    """

    day: int | None = None
    working_day: str | None = None
    weekday: int | None = None
    every: str | None = None
    months_after: int = 1
    of_month: int | None = None
    needs: tuple[str, ...] = ()
    by_hand: bool = False


@dataclass(frozen=True)
class Deadline:
    """One thing owed: its day, how it stands, and why what it needs is not there, by name."""

    name: str
    due_on: date
    is_certain: bool
    state: str
    lacking: Mapping[str, str]


@cache
def read_duties() -> Mapping[str, Duty]:
    """Return what is owed, by name."""
    from pipelines.core.yaml_files import read_yaml

    loaded = read_yaml(Path(__file__).with_suffix(".yml"))
    duties = {}
    for name, lines in loaded.items():
        needs = tuple(lines.get("needs", ()))
        duties[name] = Duty(**(lines | {"needs": needs}))
    return duties


def local_today() -> date:
    """Return the day it is where the office works."""
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


def list_deadlines(
    folder: MonthFolder, held_back: Mapping[str, str], today: date
) -> list[Deadline]:
    """Return what is owed for a month, the earliest day first.

    `held_back` says of lists and KPI variants why they may not be used.
    """
    # The calendar and the settings take half a second, which only this needs.
    from pipelines.core.calendar import Calendar
    from pipelines.core.settings import load_settings

    settings = load_settings()
    calendar = Calendar.load(settings.calendar_file)
    found = []
    for name, duty in read_duties().items():
        if not _is_owed(duty, folder):
            continue
        if duty.every:
            due_on, is_done = _follow_bulletins(folder)
        else:
            due_on = find_due_day(duty, folder.month, calendar, settings, today)
            is_done = folder.read_seal() is not None

        lacking = _find_lacking(duty, folder.current(), held_back)
        state = (
            BY_HAND
            if duty.by_hand
            else _judge_state(due_on, today, is_done, bool(lacking))
        )
        found.append(
            Deadline(name, due_on, calendar.knows(due_on.year), state, lacking)
        )

    return sorted(found, key=lambda deadline: (deadline.due_on, deadline.name))


def _is_owed(duty: Duty, folder: MonthFolder) -> bool:
    """Whether a duty is one of this month.

    Bulletins of days only where the operator delivers days.
    """
    if duty.of_month is not None and duty.of_month != folder.month.number:
        return False
    if duty.every:
        return (folder.home / "days").is_dir()
    return True


# -- by when ---------------------------------------------------------------------------------------


def find_due_day(
    duty: Duty, month: Month, calendar: Calendar, settings: Settings, today: date
) -> date:
    """Return the working day by which a duty is due.

    Of a weekly duty it is the next such day, or the last one when the month is over.
    """
    month_due = month.plus(duty.months_after)
    if duty.working_day is not None:
        number: int = getattr(settings, duty.working_day)
        return calendar.nth_of(month_due, number)
    if duty.weekday is not None:
        return _find_weekly_day(duty.weekday, month_due, calendar, today)
    assert duty.day is not None  # a duty has one of the three
    return calendar.on_or_before(month_due.first_day.replace(day=duty.day))


def _find_weekly_day(
    weekday: int, month: Month, calendar: Calendar, today: date
) -> date:
    days = []
    for day in _list_days(month):
        if day.isoweekday() == weekday:
            days.append(calendar.on_or_before(day))
    for day in days:
        if day >= today:
            return day
    return days[-1]


def _list_days(month: Month) -> Iterator[date]:
    for number in range(month.last_day.day):
        yield month.first_day + timedelta(days=number)


def _follow_bulletins(folder: MonthFolder) -> tuple[date, bool]:
    """By when the next day is owed, and whether all days of the month after were taken in.

    A day is owed on the day after it.
    """
    month_after = folder.month.plus(1)
    for day in _list_days(month_after):
        if DayFolder(folder.home, folder.month, day).current() is None:
            return day + timedelta(days=1), False
    return month_after.last_day + timedelta(days=1), True


# -- how it stands ---------------------------------------------------------------------------------


def _find_lacking(
    duty: Duty, version: Version | None, held_back: Mapping[str, str]
) -> dict[str, str]:
    """Why something that a duty needs cannot be used, by its name."""
    reasons: dict[str, str] = {}
    entries = version.entries if version else {}
    for name, entry in entries.items():
        if not entry.is_computed:
            reasons[name] = join_reasons(entry.reasons)
    reasons.update(held_back)
    return {need: reasons[need] for need in duty.needs if need in reasons}


def _judge_state(due_on: date, today: date, is_done: bool, is_lacking: bool) -> str:
    if is_done:
        if is_lacking:
            return HELD_BACK
        return DONE
    if due_on < today:
        return OVERDUE
    return DUE
