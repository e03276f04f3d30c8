"""The weekly complaint chart: each week against limits that the weeks before it set.

Complaints are counts over many lines, so a u-chart: expected = mean rate of the baseline × the week's lines. The limits are
the 0.135 % and 99.865 % points, as three sigmas are of a normal, of the Poisson distribution; where the baseline scatters
more than Poisson does, of the negative binomial with its dispersion (the count's variance over its mean), for else a
branch with a lively year cries every month. The baseline is the latest weeks before the judged one that gave no signal
themselves, so that a burst neither hides the next nor is judged by itself. Source: Montgomery, Statistical Quality
Control, on control charts for nonconformities; Laney on dispersion beyond binomial and Poisson.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import stats

from pipelines.rooms.context import Context

Row = dict[str, Any]
BASELINE = 16  # weeks at most
FEWEST = 6  # weeks before a week is judged
TAIL = 0.00135
_COUNTS = ("complaint_count", "service_count", "baseline_count")
SCHEMA = pa.schema(
    [
        *[(name, pa.string()) for name in ("scope_kind", "scope_id")],
        ("week_begins_on", pa.date32()),
        *[(name, pa.int32()) for name in _COUNTS],
        *[(name, pa.float64()) for name in ("expected", "lower_limit", "upper_limit")],
        ("signal", pa.string()),
    ]
)


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
        judged = _judge(week, quiet[-BASELINE:])
        if judged.signal is None:
            quiet.append(week)
        yield judged


def _judge(week: Week, baseline: Sequence[Week]) -> Judged:
    lines = sum(w.services for w in baseline)
    if len(baseline) < FEWEST or not lines or not week.services:
        return Judged(week, len(baseline))
    rate = sum(w.complaints for w in baseline) / lines
    expected = rate * week.services
    spread = _dispersion(baseline, rate)
    lower, upper = _limits(expected, spread)
    signal = "high" if week.complaints > upper else "low" if week.complaints < lower else None
    return Judged(week, len(baseline), expected, lower, upper, signal)


def _dispersion(baseline: Sequence[Week], rate: float) -> float:
    """How often the variance of the baseline's counts is that of Poisson; never less than once."""
    if rate <= 0:
        return 1.0
    excess = [
        (w.complaints - rate * w.services) ** 2 / (rate * w.services)
        for w in baseline
        if w.services
    ]
    return max(1.0, float(np.sum(excess)) / max(len(excess) - 1, 1))


def _limits(expected: float, spread: float) -> tuple[float, float]:
    if expected <= 0:
        return 0.0, 0.0
    counts = (
        stats.poisson(expected)
        if spread <= 1
        else stats.nbinom(expected / (spread - 1), 1 / spread)
    )
    return float(counts.ppf(TAIL)), float(counts.ppf(1 - TAIL))


def weeks_of(days: Iterable[Mapping[str, Any]], last_day: date) -> list[Week]:
    """Add days up to whole weeks, Monday to Sunday; a week without complaints between two others counts as 0."""
    counts: dict[date, int] = {}
    lines: dict[date, int] = {}
    for day in days:
        monday = day["opened_on"] - timedelta(days=day["opened_on"].weekday())
        counts[monday] = counts.get(monday, 0) + day["complaint_count"]
        lines[monday] = day["service_count"]
    if not counts:
        return []
    first = min(counts)
    # The first is cut off by the beginning of what is held.
    mondays = [first + timedelta(weeks=n) for n in range(1, (last_day - first).days // 7 + 1)]
    whole = [monday for monday in mondays if monday + timedelta(days=6) <= last_day]
    known = lines[first]
    weeks = []
    for monday in whole:
        known = lines.get(monday, known)
        weeks.append(Week(monday, counts.get(monday, 0), known))
    return weeks


# -- the room ----------------------------------------------------------------------------------------------------


def write_complaint_weeks(context: Context) -> None:
    """Write `report_complaint_week`: company and branches, every whole week of the half year held."""
    if not context.is_computed("report_complaint_day"):
        context.record_missing(
            "report_complaint_week", context.tables["report_complaint_day"]["reasons"]
        )
        return
    scopes: dict[tuple[str, str], list[Row]] = {}
    for day in context.engine.rows("SELECT * FROM report_complaint_day ORDER BY ALL"):
        scopes.setdefault((day["scope_kind"], day["scope_id"]), []).append(day)
    rows = [
        _row(scope, judged)
        for scope, days in scopes.items()
        for judged in judge_weeks(weeks_of(days, context.month.last_day))
    ]
    context.engine.register("week_row", pa.Table.from_pylist(rows, schema=SCHEMA))
    context.write(
        "report_complaint_week",
        "SELECT * FROM week_row",
        ["scope_kind", "scope_id", "week_begins_on"],
    )


def _row(scope: tuple[str, str], judged: Judged) -> Row:
    return {
        "scope_kind": scope[0],
        "scope_id": scope[1],
        "week_begins_on": judged.week.begins_on,
        "complaint_count": judged.week.complaints,
        "service_count": judged.week.services,
        "baseline_count": judged.baseline,
        "expected": judged.expected,
        "lower_limit": judged.lower,
        "upper_limit": judged.upper,
        "signal": judged.signal,
    }
