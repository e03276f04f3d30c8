"""Working days of mainland China: the State Council's calendar, and a file for unknown years."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path

import chinese_calendar
from pydantic import BaseModel, ConfigDict

from pipelines.core.month import Month
from pipelines.core.written import read_written

_DAY = timedelta(days=1)
_SATURDAY = 5
# Days on which nobody works in any year, whether its calendar is known or not.
_FIXED_HOLIDAYS = "01-01 05-01 05-02 05-03 10-01 10-02 10-03"


class _Days(BaseModel):
    """What an override file may say."""

    model_config = ConfigDict(extra="forbid", strict=True)
    holidays: list[date] = []
    working_days: list[date] = []


class Calendar:
    """Working days, with days of the override file first.

    The override file is YAML: `holidays: [2027-02-06, …]` and `working_days: [2027-02-14, …]`
    (weekends worked).
    """

    def __init__(
        self,
        holidays: frozenset[date] = frozenset(),
        working_days: frozenset[date] = frozenset(),
    ) -> None:
        self._holidays = holidays
        self._working_days = working_days
        self._years = {day.year for day in holidays | working_days}

    @classmethod
    def load(cls, path: Path | None) -> Calendar:
        """Read the override file; raise SpecError with the line where a day in it is no date."""
        if path is None:
            return cls()
        written = read_written(path)
        days = written.hold_to(_Days, written.read() or {})
        return cls(frozenset(days.holidays), frozenset(days.working_days))

    def knows(self, year: int) -> bool:
        """Whether due dates of that year are certain, not by weekends and fixed holidays alone."""
        return year in self._years or _is_published(year)

    def is_working_day(self, day: date) -> bool:
        """Whether people work that day.

        Of an unknown year weekends are known to be free, 1 January, 1 to 3 May and 1 to 3 October.
        """
        if day in self._working_days:
            return True
        if day in self._holidays:
            return False
        if _is_published(day.year):
            return _is_published_working_day(day)
        is_fixed_holiday = day.strftime("%m-%d") in _FIXED_HOLIDAYS
        return day.weekday() < _SATURDAY and not is_fixed_holiday

    def on_or_before(self, day: date) -> date:
        """Return the day, or the working day before it."""
        while not self.is_working_day(day):
            day -= _DAY
        return day

    def nth_of(self, month: Month, number: int) -> date:
        """Return the n-th working day of a month."""
        day_before = month.first_day - _DAY
        return self.after(day_before, number)

    def after(self, day: date, working_days: int) -> date:
        """Return the day that many working days later."""
        while working_days > 0:
            day += _DAY
            if self.is_working_day(day):
                working_days -= 1
        return day


@cache
def _is_published_working_day(day: date) -> bool:
    return bool(chinese_calendar.is_workday(day))


@cache
def _is_published(year: int) -> bool:
    """Whether the State Council's days of that year are known."""
    try:
        chinese_calendar.is_workday(date(year, 1, 4))
    except NotImplementedError:
        return False
    return True
