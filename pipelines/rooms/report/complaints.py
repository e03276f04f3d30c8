"""The weekly complaint chart: each week against limits that the weeks before it set.

Complaints are counts over many lines, so a u-chart: expected = mean rate of the baseline × the
week's lines. The limits are the 0.135 % and 99.865 % points, as three sigmas are of a normal, of
the Poisson distribution; where the baseline scatters more than Poisson does, of the negative
binomial with its dispersion (the count's variance over its mean), for else a branch with a lively
year cries every month. The baseline is the latest weeks before the judged one that gave no signal
themselves, so that a burst neither hides the next nor is judged by itself. Source: Montgomery,
Statistical Quality Control, on control charts for nonconformities; Laney on dispersion beyond
binomial and Poisson.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypedDict, cast

import numpy as np
from scipy import special

from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import write_made_rows
from pipelines.rooms.report.rows import read_ordered

BASELINE = 16  # weeks at most
FEWEST = 6  # weeks before a week is judged
TAIL = 0.00135


class ComplaintDay(TypedDict):
    """The complaints of a day, and how many lines there were."""

    opened_on: date
    complaint_count: int
    service_count: int


class ScopeDay(ComplaintDay):
    """A row of `report_complaint_day`."""

    scope_kind: str
    scope_id: str


@dataclass(frozen=True)
class Week:
    """A whole week, from its Monday on."""

    begins_on: date
    complaints: int
    services: int


@dataclass(frozen=True)
class Judged:
    """A week and what was to be expected; `signal` is high, low, or None."""

    week: Week
    baseline: int
    expected: float | None = None
    lower: float | None = None
    upper: float | None = None
    signal: str | None = None


def judge_weeks(weeks: Sequence[Week]) -> Iterator[Judged]:
    """Judge weeks, oldest first, each by the quiet ones before it."""
    quiet: list[Week] = []
    for week in weeks:
        judged = _judge_week(week, quiet[-BASELINE:])
        if judged.signal is None:
            quiet.append(week)
        yield judged


def _judge_week(week: Week, baseline: Sequence[Week]) -> Judged:
    """Judge a week; one that has too little before it, or no lines, gets no limits."""
    lines = sum(quiet.services for quiet in baseline)
    is_long_enough = len(baseline) >= FEWEST
    has_lines = lines > 0 and week.services > 0
    if not is_long_enough or not has_lines:
        return Judged(week, len(baseline))

    complaints = sum(quiet.complaints for quiet in baseline)
    rate = complaints / lines
    expected = rate * week.services
    dispersion = _measure_dispersion(baseline, rate)
    lower, upper = _set_limits(expected, dispersion)
    signal = None
    if week.complaints > upper:
        signal = "high"
    elif week.complaints < lower:
        signal = "low"
    return Judged(
        week=week,
        baseline=len(baseline),
        expected=expected,
        lower=lower,
        upper=upper,
        signal=signal,
    )


def _measure_dispersion(baseline: Sequence[Week], rate: float) -> float:
    """Return how often the variance of the baseline's counts is that of Poisson; at least 1."""
    if rate <= 0:
        return 1.0
    excess = []
    for week in baseline:
        if week.services:
            expected = rate * week.services
            miss = week.complaints - expected
            excess.append(miss**2 / expected)
    degrees = max(len(excess) - 1, 1)
    return max(1.0, float(np.sum(excess)) / degrees)


def _set_limits(expected: float, dispersion: float) -> tuple[float, float]:
    """Return the lower and the upper limit of a week's count."""
    if expected <= 0:
        return 0.0, 0.0

    def reach(count: int) -> float:
        """The probability of so many or fewer: Poisson's, or with more variance than that."""
        if dispersion > 1:
            successes = expected / (dispersion - 1)
            return float(special.betainc(successes, count + 1, 1 / dispersion))
        return float(special.pdtr(count, expected))

    lower = _find_quantile(reach, TAIL)
    upper = _find_quantile(reach, 1 - TAIL)
    return float(lower), float(upper)


def _find_quantile(reach: Callable[[int], float], probability: float) -> int:
    """Return the lowest count that so many or fewer reach a probability with."""
    beyond = 1
    while reach(beyond) < probability:
        beyond *= 2
    below = -1
    while beyond - below > 1:
        middle = (below + beyond) // 2
        if reach(middle) < probability:
            below = middle
        else:
            beyond = middle
    return beyond


def sum_weeks(days: Iterable[ComplaintDay], last_day: date) -> list[Week]:
    """Add days up to whole weeks, Monday to Sunday, up to `last_day`.

    A week without complaints between two others counts as 0.
    """
    counts: dict[date, int] = defaultdict(int)  # by Monday, like the lines
    lines: dict[date, int] = {}
    for day in days:
        monday = _monday_before(day["opened_on"])
        counts[monday] += day["complaint_count"]
        lines[monday] = day["service_count"]
    if not counts:
        return []

    # The first week is cut off by the beginning of what is held, the last by the end of the month.
    first = min(counts)
    known_lines = lines[first]
    weeks = []
    monday = first + timedelta(weeks=1)
    while monday + timedelta(days=6) <= last_day:
        known_lines = lines.get(monday, known_lines)
        week = Week(
            begins_on=monday,
            complaints=counts.get(monday, 0),
            services=known_lines,
        )
        weeks.append(week)
        monday += timedelta(weeks=1)
    return weeks


def _monday_before(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


# -- the room ------------------------------------------------------------------------------------


def write_complaint_weeks(context: Context) -> None:
    """Write `report_complaint_week`: company and branches, every whole week of the half year."""
    if not context.is_computed("report_complaint_day"):
        reasons = context.missing_reasons("report_complaint_day")
        context.record_missing("report_complaint_week", reasons)
        return
    days_by_scope: dict[tuple[str, str], list[ScopeDay]] = defaultdict(list)
    for day in cast("list[ScopeDay]", read_ordered(context, "report_complaint_day")):
        days_by_scope[day["scope_kind"], day["scope_id"]].append(day)

    rows = []
    for (scope_kind, scope_id), days in days_by_scope.items():
        weeks = sum_weeks(days, context.month.last_day)
        for judged in judge_weeks(weeks):
            rows.append(_week_row(scope_kind, scope_id, judged))
    write_made_rows(context, "report_complaint_week", rows)


def _week_row(scope_kind: str, scope_id: str, judged: Judged) -> dict[str, object]:
    """Return a row of `report_complaint_week`."""
    return {
        "scope_kind": scope_kind,
        "scope_id": scope_id,
        "week_begins_on": judged.week.begins_on,
        "complaint_count": judged.week.complaints,
        "service_count": judged.week.services,
        "baseline_count": judged.baseline,
        "expected": judged.expected,
        "lower_limit": judged.lower,
        "upper_limit": judged.upper,
        "signal": judged.signal,
    }
