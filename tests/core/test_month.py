"""Months: parsed once, counted across years, and never from the clock."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.errors import UsageError
from pipelines.core.month import Month

months = st.builds(Month, st.integers(1990, 2190), st.integers(1, 12))


@given(months)
def test_a_month_is_read_as_it_is_written(month: Month) -> None:
    assert Month.parse(str(month)) == month


@pytest.mark.parametrize(
    "text",
    [
        "2026-13",
        "2026-00",
        "2026-1",
        "26-10",
        "2026/10",
        "2026-10-01",
        "202610",
        "",
        " 2026-10",
    ],
)
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(UsageError, match="month.bad"):
        Month.parse(text)


@given(months, st.integers(-300, 300))
def test_counting_there_and_back(month: Month, steps: int) -> None:
    other = month.plus(steps)
    assert (
        other.plus(-steps) == month
        and other.since(month) == steps
        and (other > month) == (steps > 0)
    )


@given(months)
def test_a_month_ends_the_day_before_the_next(month: Month) -> None:
    assert (
        month.plus(1).first_day - month.last_day
    ).days == 1 and month.last_day.month == month.number


def test_the_turn_of_the_year_and_leap_days() -> None:
    assert (
        str(Month.parse("2025-12").plus(1)) == "2026-01"
        and str(Month.parse("2026-01").plus(-1)) == "2025-12"
    )
    assert Month.parse("2024-02").last_day == date(2024, 2, 29) and Month.parse(
        "2026-02"
    ).last_day == date(2026, 2, 28)
