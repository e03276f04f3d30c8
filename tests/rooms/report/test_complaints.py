"""The complaint chart: limits by hand, planted bursts in a synthetic operator, and how often it cries for nothing."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy import stats

import twin
from pipelines.rooms.report.complaints import (
    BASELINE,
    FEWEST,
    ComplaintDay,
    Week,
    judge_weeks,
    sum_weeks,
)

MONDAY = date(2026, 1, 5)


def weeks(*counts: int, lines: int = 1000) -> list[Week]:
    return [
        Week(MONDAY + timedelta(weeks=n), count, lines)
        for n, count in enumerate(counts)
    ]


def test_limits_by_hand() -> None:
    last = [*judge_weeks(weeks(*[9, 11] * 4, 20, lines=1000))][-1]
    assert last.expected == 10 and last.signal is None
    assert (
        (last.lower, last.upper)
        == (stats.poisson(10).ppf(0.00135), stats.poisson(10).ppf(0.99865))
        == (2, 21)
    )
    assert [*judge_weeks(weeks(*[9, 11] * 4, 22))][-1].signal == "high"
    assert [*judge_weeks(weeks(*[9, 11] * 4, 1))][-1].signal == "low"


def test_more_lines_may_complain_more() -> None:
    grown = [*weeks(*[10] * 8), Week(MONDAY + timedelta(weeks=8), 22, 2000)]
    assert [*judge_weeks(grown)][-1].signal is None


def test_a_burst_is_no_baseline_of_the_next() -> None:
    judged = [*judge_weeks(weeks(*[9, 11] * 4, 40, 40, 40))]
    assert [week.signal for week in judged[-3:]] == ["high"] * 3
    assert judged[-1].expected == 10


def test_a_place_that_always_scatters_cries_no_oftener() -> None:
    judged = [*judge_weeks(weeks(*[2, 20, 5, 18] * 4, 24))]
    assert (
        judged[-1].signal is None
        and judged[-1].upper is not None
        and judged[-1].upper > 25
    )


def test_too_few_weeks_judge_nothing() -> None:
    assert {week.signal for week in judge_weeks(weeks(*[5] * FEWEST, 50)[:FEWEST])} == {
        None
    }
    assert [*judge_weeks(weeks(*[5] * FEWEST, 50))][-1].signal == "high"


def test_whole_weeks_alone_and_quiet_ones_as_nought() -> None:
    days: list[ComplaintDay] = [
        {"opened_on": day, "complaint_count": 2, "service_count": 100}
        for day in (
            date(2026, 1, 1),
            date(2026, 1, 5),
            date(2026, 1, 11),
            date(2026, 1, 20),
            date(2026, 1, 31),
        )
    ]
    found = sum_weeks(days, date(2026, 1, 31))
    assert [(w.begins_on.day, w.complaints) for w in found] == [
        (5, 4),
        (12, 0),
        (19, 2),
    ]


def daily(source: Path) -> list[ComplaintDay]:
    """The complaints of an operator by day, and its lines."""
    sql = (
        f"SELECT CAST(opened_at + INTERVAL 8 HOUR AS DATE) AS opened_on, COUNT(*) AS n "
        f"FROM '{source}/20*/trouble_ticket.parquet' WHERE category = 'complaint' GROUP BY 1 ORDER BY 1"
    )
    return [
        {"opened_on": day, "complaint_count": n, "service_count": 20_000}
        for day, n in duckdb.sql(sql).fetchall()
    ]


def test_planted_bursts_are_found_and_clean_weeks_are_quiet(tmp_path: Path) -> None:
    """Ten operators' half years, every later week planted in turn with thrice as many: only of the quietest is one missed."""
    planted = found = judged = false = 0
    for seed in range(1, 11):
        twin.generate(
            tmp_path / str(seed),
            services=20_000,
            months=6,
            seed=seed,
            through="2026-06",
        )
        clean = sum_weeks(daily(tmp_path / str(seed)), date(2026, 6, 30))
        signals = [week.signal for week in judge_weeks(clean)][FEWEST:]
        judged, false = (
            judged + len(signals),
            false + sum(signal is not None for signal in signals),
        )
        for place in range(BASELINE - 6, len(clean)):
            struck = [*clean]
            struck[place] = Week(
                clean[place].begins_on,
                clean[place].complaints * 3 + 5,
                clean[place].services,
            )
            planted += 1
            found += [*judge_weeks(struck)][place].signal == "high"
    print(
        f"bursts planted {planted}, found {found}; clean weeks judged {judged}, signals {false}"
    )
    assert planted > 100 and found / planted > 0.93 and false / judged < 0.05


def test_false_alarms_of_pure_chance_are_rare() -> None:
    dice = np.random.default_rng(3)
    signals = [
        week.signal
        for _ in range(200)
        for week in judge_weeks(weeks(*map(int, dice.poisson(12, 26))))
    ]
    assert sum(signal is not None for signal in signals) / (200 * 20) < 0.01


@pytest.mark.parametrize("counts", [[0] * 10, [0] * 8 + [3]])
def test_where_nobody_complains(counts: list[int]) -> None:
    assert [*judge_weeks(weeks(*counts))][-1].signal == ("high" if counts[-1] else None)
