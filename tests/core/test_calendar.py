"""Working days: the State Council's calendar, what an override file says first, and weekends of unknown years."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.calendar import Calendar
from pipelines.core.errors import SpecError
from pipelines.core.month import Month

CALENDAR = Calendar()


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2018, 10, 1), False),  # National Day
        (date(2018, 9, 29), True),  # a Saturday worked for it
        (date(2018, 9, 30), True),
        (date(2018, 10, 8), True),
        (date(2026, 2, 17), False),  # Spring Festival
        (date(2026, 11, 7), False),  # a plain Saturday
    ],
)
def test_published_years(day: date, works: bool) -> None:
    assert CALENDAR.is_working_day(day) is works and CALENDAR.knows(day.year)


def test_of_an_unknown_year_weekends_and_fixed_holidays_are_free() -> None:
    assert not CALENDAR.knows(2027) and not CALENDAR.knows(9999)
    free = [(1, 1), (5, 1), (5, 2), (5, 3), (10, 1), (10, 2), (10, 3), (10, 9)]
    assert not [day for day in free if CALENDAR.is_working_day(date(2027, *day))]
    worked = [(1, 4), (4, 30), (5, 4), (9, 30), (10, 4), (10, 8)]
    assert all(CALENDAR.is_working_day(date(2027, *day)) for day in worked)


def test_a_due_day_in_a_holiday_moves_before_it() -> None:
    assert CALENDAR.on_or_before(date(2018, 10, 5)) == date(2018, 9, 30)
    assert CALENDAR.on_or_before(date(2018, 10, 12)) == date(2018, 10, 12)


def test_working_days_are_counted_over_holidays() -> None:
    assert CALENDAR.nth_of(Month.parse("2018-10"), 3) == date(2018, 10, 10)
    assert CALENDAR.nth_of(Month.parse("2026-09"), 3) == date(2026, 9, 3)
    assert CALENDAR.after(date(2018, 9, 28), 3) == date(2018, 10, 8) and CALENDAR.after(
        date(2018, 10, 1), 0
    ) == date(2018, 10, 1)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "days.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_override_file_comes_first(tmp_path: Path) -> None:
    calendar = Calendar.load(
        written(
            tmp_path, "holidays: [2027-10-01, 2026-11-05]\nworking_days: [2027-10-09]\n"
        )
    )
    assert not calendar.is_working_day(date(2027, 10, 1)) and calendar.is_working_day(
        date(2027, 10, 9)
    )
    assert calendar.knows(2027) and not calendar.is_working_day(date(2026, 11, 5))


def test_an_override_day_leaves_the_rest_of_a_published_year(tmp_path: Path) -> None:
    calendar = Calendar.load(written(tmp_path, "working_days: [2026-11-07]\n"))
    assert calendar.is_working_day(date(2026, 11, 7)) and not calendar.is_working_day(
        date(2026, 10, 1)
    )


@pytest.mark.parametrize(
    "text", ["holidays: [tomorrow]", "working_days: [20271009]", "holidays: {"]
)
def test_a_bad_override_file_is_a_spec_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(SpecError, match=r"written|yaml.bad") as caught:
        Calendar.load(written(tmp_path, text))
    assert caught.value.facts["line"] in (
        1,
        2,
    )  # what is never closed ends with the file
    with pytest.raises(SpecError, match="yaml.no_file"):
        Calendar.load(tmp_path / "nowhere.yml")


@pytest.mark.parametrize(
    "text", ["holidays: 2027-10-01", "- 2027-10-01", "holidays:", "holiday: []"]
)
def test_an_override_file_of_another_shape_is_a_spec_error(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(SpecError):
        Calendar.load(written(tmp_path, text))


@given(st.dates(date(2010, 1, 10), date(2030, 12, 20)), st.integers(1, 15))
def test_moving_ends_on_working_days(day: date, number: int) -> None:
    before, after = CALENDAR.on_or_before(day), CALENDAR.after(day, number)
    assert (
        CALENDAR.is_working_day(before)
        and CALENDAR.is_working_day(after)
        and before <= day < after
    )
    between = [day + timedelta(i) for i in range(1, (after - day).days + 1)]
    assert sum(map(CALENDAR.is_working_day, between)) == number
