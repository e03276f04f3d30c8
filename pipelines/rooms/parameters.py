"""The values of the `:parameters` that SQL files may name.

Days are dates, money is decimal, a month is its text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pipelines.core.calendar import Calendar
from pipelines.core.month import Month
from pipelines.core.settings import PAY_RULES, Settings

AUDIT_DUE_DAY = 10  # of the month after: what an audit finds is to be closed by then

Parameters = dict[str, object]


def list_parameters(
    month: Month,
    settings: Settings,
    calendar: Calendar,
    held: Mapping[str, Month | None],
) -> Parameters:
    """Return every parameter of a month.

    `held` are the earlier months by era, None for one that is not held.
    """
    return {
        **_list_days(month, calendar),
        **_list_dispatch_days(month, settings, calendar),
        **_list_months(month),
        **_list_settings(settings),
        "base_last_day": _find_last_day(held.get("base")),
        "is_previous_month_held": held.get("m1") is not None,
    }


def _list_days(month: Month, calendar: Calendar) -> Parameters:
    """The first and last days that the month looks at."""
    following = month.plus(1)
    audit_due_on = following.first_day.replace(day=AUDIT_DUE_DAY)
    return {
        "first_day": month.first_day,
        "last_day": month.last_day,
        "next_first_day": following.first_day,
        "next_last_day": following.last_day,
        "last_day_m2": month.plus(-2).last_day,
        "last_day_m3": month.plus(-3).last_day,
        "first_day_m5": month.plus(-5).first_day,
        "first_day_m6": month.plus(-6).first_day,
        "audit_due_on": calendar.on_or_before(audit_due_on),
    }


def _list_dispatch_days(
    month: Month, settings: Settings, calendar: Calendar
) -> Parameters:
    """The day the month's orders go out, and the day those of the next month do."""
    return {
        "dispatch_on": find_dispatch_day(month, settings, calendar),
        "next_dispatch_on": find_dispatch_day(month.plus(1), settings, calendar),
    }


def find_dispatch_day(month: Month, settings: Settings, calendar: Calendar) -> date:
    """Return the day a month's orders go out: a working day of the next month, never the clock."""
    return calendar.nth_of(month.plus(1), settings.dispatch_working_day)


def _list_months(month: Month) -> Parameters:
    """The months, quarters and years that the month looks at."""
    months_into_quarter = (month.number - 1) % 3
    quarter = month.plus(-months_into_quarter)
    return {
        "month": str(month),
        "previous_month": str(month.plus(-1)),
        "month_m5": str(month.plus(-5)),
        "month_m12": str(month.plus(-12)),
        "month_m24": str(month.plus(-24)),
        "month_number": month.number,
        "year": month.year,
        "last_year": month.year - 1,
        "year_begins": str(Month(month.year, 1)),
        "quarter_begins": str(quarter),
        "last_quarter_begins": str(quarter.plus(-3)),
    }


def _list_settings(settings: Settings) -> Parameters:
    """The settings that SQL files may name."""
    pay_rules = {name: getattr(settings, name) for name in PAY_RULES}
    return {
        **pay_rules,
        "high_value_threshold": settings.high_value_threshold,
        "lowest_reward_points": settings.lowest_reward_points,
    }


def _find_last_day(month: Month | None) -> object:
    return month.last_day if month else None
