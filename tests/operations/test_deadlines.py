"""Deadlines: the days of a month's calendar, and how what is owed stands on a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.catalogue.outputs import load_kpis, load_lists
from pipelines.catalogue.spec import load_room_specs
from pipelines.catalogue.tables import list_tables_of_code
from pipelines.core.calendar import Calendar
from pipelines.core.month import Month
from pipelines.core.settings import load_settings
from pipelines.operations.deadlines import (
    STATES,
    Deadline,
    find_due_day,
    list_deadlines,
    read_duties,
)
from pipelines.store.lake import DayFolder, MonthFolder
from pipelines.store.manifest import read_entries
from pipelines.text.texts import LANGUAGES, load_labels

AUGUST, DECEMBER = Month.parse("2026-08"), Month.parse("2025-12")
SICK: dict[str, Any] = {
    "status": "not_computed",
    "reasons": ["absent: appraisal_input"],
}
EVENING = date(2026, 9, 8)


@pytest.fixture(autouse=True)
def published_calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RETENTION_CALENDAR_FILE", raising=False)


def held(
    home: Path,
    month: Month = AUGUST,
    release: bool = False,
    **tables: dict[str, Any],
) -> MonthFolder:
    """A month that holds those tables."""
    folder = MonthFolder(home, month)
    draft = folder.draft()
    draft.start({})
    draft.finish_room("report", read_entries(tables))
    version = folder.commit(draft)
    if release:
        folder.release(version)
    return folder


def standing(
    folder: MonthFolder,
    today: date = EVENING,
    held_back: Mapping[str, str] = {},
) -> dict[str, Deadline]:
    return {one.name: one for one in list_deadlines(folder, held_back, today)}


def due(name: str, month: Month, today: date = EVENING) -> date:
    return find_due_day(read_duties()[name], month, Calendar(), load_settings(), today)


@pytest.mark.parametrize(
    ("name", "month", "day"),
    [
        ("dispatch", AUGUST, date(2026, 9, 3)),
        ("unclaimed", AUGUST, date(2026, 9, 4)),  # the 5th is a Saturday
        ("new_high_value", AUGUST, date(2026, 9, 10)),
        ("quality_analysis", AUGUST, date(2026, 9, 11)),
        ("dispatch", Month.parse("2018-09"), date(2018, 10, 10)),
        ("appraisal", Month.parse("2018-09"), date(2018, 9, 30)),  # in the Golden Week
        ("staff_grades", DECEMBER, date(2026, 1, 20)),
        ("head_grades", DECEMBER, date(2026, 1, 30)),  # 1 February 2026 is a Sunday
    ],
)
def test_days_move_to_the_working_day_before(
    name: str, month: Month, day: date
) -> None:
    assert due(name, month) == day


@pytest.mark.parametrize(
    ("today", "day"),
    [
        (date(2026, 8, 20), date(2026, 9, 4)),
        (date(2026, 9, 4), date(2026, 9, 4)),
        (date(2026, 9, 5), date(2026, 9, 11)),
        (date(2026, 9, 20), date(2026, 9, 24)),  # the 25th is Mid-Autumn
        (date(2026, 10, 9), date(2026, 9, 24)),
    ],
)
def test_of_a_weekly_duty_the_next_day_counts(today: date, day: date) -> None:
    assert due("service_bulletin", AUGUST, today) == day


def test_year_grades_are_owed_for_december_alone(tmp_path: Path) -> None:
    grades = {"staff_grades", "head_grades"}
    assert grades <= set(standing(held(tmp_path, DECEMBER))) and not grades & set(
        standing(held(tmp_path, AUGUST))
    )


def test_what_is_not_released_is_due_until_its_day_is_over(tmp_path: Path) -> None:
    folder = held(tmp_path)
    days = [date(2026, 9, 10), date(2026, 9, 11)]
    assert [standing(folder, today)["new_high_value"].state for today in days] == [
        "due",
        "overdue",
    ]
    assert standing(folder)["service_bulletin"].state == "by_hand"


def test_a_month_that_is_not_run_owes_everything(tmp_path: Path) -> None:
    found = standing(MonthFolder(tmp_path, AUGUST), date(2026, 9, 1))
    assert {one.state for one in found.values()} == {"due", "by_hand"}


def test_what_is_released_is_done_but_for_what_it_lacks(tmp_path: Path) -> None:
    folder = held(tmp_path, release=True, report_pay=SICK)
    held_back = {
        "card_issue": "bill.gap",
        "churn_rate.start_base": "not held: 2026-07",
    }
    found = standing(folder, held_back=held_back)
    lacking = {
        name: dict(one.lacking)
        for name, one in found.items()
        if one.state == "held_back"
    }
    assert lacking == {
        "appraisal": {"report_pay": "absent: appraisal_input"},
        "new_high_value": {"card_issue": "bill.gap"},
        "quality_analysis": {"churn_rate.start_base": "not held: 2026-07"},
    }
    assert {found["dispatch"].state, found["unclaimed"].state} == {"done"}


def take_in(home: Path, *days: int) -> None:
    """Hold days of September; the first two came before August was there."""
    for number in days:
        folder = DayFolder(
            home, AUGUST if number > 2 else AUGUST.plus(-1), date(2026, 9, number)
        )
        draft = folder.draft()
        draft.start({"day": str(folder.day)})
        folder.commit(draft)


@pytest.mark.parametrize(
    ("days", "due_on", "state"),
    [
        ([1, 2, 3, 4, 5, 6, 7], date(2026, 9, 9), "due"),
        ([1, 2, 3, 4, 5, 6], date(2026, 9, 8), "due"),
        ([1, 2, 4, 5, 6, 7], date(2026, 9, 4), "overdue"),
        (range(1, 31), date(2026, 10, 1), "done"),
    ],
)
def test_a_day_s_bulletin_is_due_the_day_after(
    tmp_path: Path, days: list[int], due_on: date, state: str
) -> None:
    folder = held(tmp_path)
    assert "daily_bulletin" not in standing(folder)
    take_in(tmp_path, *days)
    one = standing(folder)["daily_bulletin"]
    assert (one.due_on, one.state) == (due_on, state)


def test_days_of_a_year_without_published_holidays_are_marked(tmp_path: Path) -> None:
    assert not any(
        one.is_certain
        for one in standing(held(tmp_path, Month.parse("2027-05"))).values()
    )
    assert all(one.is_certain for one in standing(held(tmp_path)).values())


def test_everything_needed_exists_and_everything_has_words() -> None:
    known = {
        spec.table for room in ("report", "dispatch") for spec in load_room_specs(room)
    } | set(list_tables_of_code())
    known |= {spec.name for spec in load_lists()} | {
        f"{kpi.name}.{v}" for kpi in load_kpis() for v in kpi.variants
    }
    assert {need for duty in read_duties().values() for need in duty.needs} <= known
    wanted = {f"cli.deadline.{name}" for name in read_duties()} | {
        f"cli.duty.{state}" for state in STATES
    }
    assert all(wanted <= set(load_labels(language)) for language in LANGUAGES)
