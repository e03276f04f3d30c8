"""What the office owes for a month, by when, and what became of it.

The days are data (`deadlines.yml`). Today's date decides only how they are shown; it gets into no table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

from pipelines.core.month import Month
from pipelines.store.lake import DayFolder, MonthFolder, Version
from pipelines.text.texts import label, reason_in_words

if TYPE_CHECKING:
    from pipelines.core.calendar import Calendar
    from pipelines.core.settings import Settings

Rule = Mapping[str, Any]
# done: released with all that it needs · held_back: released, but not all of it · by_hand: the home does not know
STATES = ("done", "due", "overdue", "held_back", "by_hand")


@dataclass(frozen=True)
class Deadline:
    """One thing owed: its day, how it stands, and by name why something that it needs is not there."""

    name: str
    due_on: date
    is_certain: bool
    state: str
    lacking: Mapping[str, str]


@cache
def duties() -> Mapping[str, Rule]:
    """What is owed, by name."""
    from pipelines.core.yaml_files import read_yaml

    loaded: dict[str, Rule] = read_yaml(Path(__file__).with_suffix(".yml"))
    return loaded


def local_today() -> date:
    """The day it is where the office works."""
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


def deadlines(folder: MonthFolder, held_back: Mapping[str, str], today: date) -> list[Deadline]:
    """Return what is owed for a month by day; `held_back` says of lists and KPI variants why they may not be used."""
    from pipelines.core.calendar import (
        Calendar,
    )  # with the settings half a second, which only this needs
    from pipelines.core.settings import load_settings

    settings = load_settings()
    calendar = Calendar.load(settings.calendar_file)
    found = []
    for name, rule in duties().items():
        if not _is_owed(rule, folder):
            continue
        if "every" in rule:
            due_on, is_done = _bulletins(folder)
        else:
            due_on, is_done = (
                due_day(rule, folder.month, calendar, settings, today),
                folder.seal() is not None,
            )
        lacking = _lacking(rule, folder.current(), held_back)
        state = "by_hand" if rule.get("by_hand") else _state(due_on, today, is_done, bool(lacking))
        found.append(Deadline(name, due_on, calendar.knows(due_on.year), state, lacking))
    return sorted(found, key=lambda one: (one.due_on, one.name))


def _is_owed(rule: Rule, folder: MonthFolder) -> bool:
    """Whether a duty is one of this month; bulletins of days only where the operator delivers days."""
    is_of_month = rule.get("of_month", folder.month.number) == folder.month.number
    return is_of_month and ("every" not in rule or (folder.home / "days").is_dir())


# -- by when -----------------------------------------------------------------------------------------------------


def due_day(rule: Rule, month: Month, calendar: Calendar, settings: Settings, today: date) -> date:
    """Return the working day by which a duty is due; of a weekly one the next, or the last when the month is over."""
    after = month.plus(rule.get("months_after", 1))
    if "working_day" in rule:
        return calendar.nth_of(after, getattr(settings, rule["working_day"]))
    if "weekday" in rule:
        days = [
            calendar.on_or_before(day)
            for day in _days_of(after)
            if day.isoweekday() == rule["weekday"]
        ]
        return next((day for day in days if day >= today), days[-1])
    return calendar.on_or_before(after.first_day.replace(day=rule["day"]))


def _days_of(month: Month) -> Iterator[date]:
    yield from (month.first_day + timedelta(days=number) for number in range(month.last_day.day))


def _bulletins(folder: MonthFolder) -> tuple[date, bool]:
    """The day after the first day of the month after that was not taken in, and whether all were."""
    after = folder.month.plus(1)
    missing = (
        day
        for day in _days_of(after)
        if DayFolder(folder.home, folder.month, day).current() is None
    )
    first = next(missing, None)
    return (first or after.last_day) + timedelta(days=1), first is None


# -- how it stands -----------------------------------------------------------------------------------------------


def _lacking(rule: Rule, version: Version | None, held_back: Mapping[str, str]) -> dict[str, str]:
    """Why something that a duty needs cannot be used, by its name."""
    tables = version.manifest["tables"] if version else {}
    reasons = {
        name: "; ".join(entry["reasons"])
        for name, entry in tables.items()
        if entry["status"] != "computed"
    }
    known = {**reasons, **held_back}
    return {need: known[need] for need in rule.get("needs", ()) if need in known}


def _state(due_on: date, today: date, is_done: bool, is_lacking: bool) -> str:
    if is_done:
        return "held_back" if is_lacking else "done"
    return "overdue" if due_on < today else "due"


# -- drawing -----------------------------------------------------------------------------------------------------


def draw_deadlines(rows: Sequence[Mapping[str, Any]], language: str) -> None:
    """Print what is owed, a line each: by when, how it stands, and what it lacks."""
    typer.echo(f"\n{label(language, 'cli.deadlines')}")
    for row in rows:
        what = label(language, f"cli.deadline.{row['name']}")
        lacking = [
            f"{name}: {reason_in_words(language, why)}" for name, why in row["lacking"].items()
        ]
        note = (
            "" if row["is_certain"] else label(language, "cli.provisional", year=row["due_on"].year)
        )
        said = [
            str(row["due_on"]),
            label(language, f"cli.duty.{row['state']}"),
            what,
            note,
            "; ".join(lacking),
        ]
        typer.echo("  " + "  ".join(filter(None, said)))
