"""The guard of the deadlines: what is owed by the next working day, whether or not a month was ever run."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipelines.jobs.run import release_month
from pipelines.operations.guard import find_pressing
from tests.support.small import MONTH, Town, job, run_town

BEFORE = str(MONTH.plus(-1))  # never run in these tests


def pressing(home: Path, day: int) -> dict[str, tuple[str, str]]:
    """What presses on a day of the month after, of the month that was run: day due and state by name."""
    found = find_pressing(home, MONTH.plus(1).first_day.replace(day=day))
    return {
        duty.name: (duty.due_on.isoformat()[-2:], duty.state)
        for duty in found
        if duty.month == str(MONTH)
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("guard")
    run_town(folder / "home", Town().person("ann", manager=None), folder / "source")
    return folder / "home"


def test_what_is_due_by_the_next_working_day_presses(home: Path) -> None:
    """September 2026: the dispatch on the third working day, the 3rd; the 5th is a Saturday, so the 4th; the 12th too."""
    assert pressing(home, 1) == {}
    assert set(pressing(home, 2)) == {"dispatch"}
    assert pressing(home, 3)["unclaimed"] == ("04", "due")
    assert pressing(home, 4)["dispatch"] == ("03", "overdue")
    assert "quality_analysis" not in pressing(home, 9) and pressing(home, 10)[
        "quality_analysis"
    ] == ("11", "due")


def test_a_weekend_does_not_hide_what_is_due_on_monday(home: Path) -> None:
    """The 10th of October 2026 is a working Saturday; of a Friday the next working day may be a Monday."""
    found = find_pressing(home, date(2026, 8, 7))  # a Friday; the 10th is a Monday
    assert {duty.name for duty in found if duty.due_on == date(2026, 8, 10)} == {
        "new_high_value"
    }


def test_a_month_that_was_never_run_is_owed(home: Path) -> None:
    found = find_pressing(home, MONTH.plus(1).first_day.replace(day=20))
    assert {duty.name for duty in found if duty.month == BEFORE} >= {
        "dispatch",
        "quality_analysis",
    }


def test_a_released_month_owes_nothing_more(home: Path) -> None:
    release_month(job(home, None))
    assert pressing(home, 20) == {}


def test_a_home_without_months_owes_nothing_yet(tmp_path: Path) -> None:
    assert find_pressing(tmp_path, date(2026, 9, 20)) == []
