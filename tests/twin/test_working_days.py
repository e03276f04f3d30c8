"""The twin's calendar, stated by itself, is the office's: an order is never worked before it goes out."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from pipelines.core.calendar import Calendar
from pipelines.core.month import Month
from twin.months import month_number, span_of
from twin.working_days import working_day


def third(month: str) -> str:
    return str(np.datetime64(working_day(span_of(month_number(month)), 3), "D"))


@pytest.mark.parametrize(
    ("month", "day"),
    [
        ("2026-10", "2026-10-10"),  # a Saturday that is worked after the holidays
        ("2026-08", "2026-08-05"),
        ("2025-10", "2025-10-11"),
        ("2030-10", "2030-10-08"),  # nobody has announced that year yet
        ("2030-05", "2030-05-08"),
    ],
)
def test_the_third_working_day(month: str, day: str) -> None:
    assert third(month) == day


@pytest.mark.parametrize("year", range(2020, 2030))
def test_orders_go_out_when_the_office_sends_them(year: int) -> None:
    calendar = Calendar()
    for number in range(1, 13):
        month = Month(year, number)
        assert date.fromisoformat(third(str(month))) == calendar.nth_of(month, 3)
