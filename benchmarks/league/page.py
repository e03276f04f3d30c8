"""Draw the league table as the page docs/league.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Shown(Protocol):
    """What the page needs of a maker."""

    name: str
    faults: tuple[int, int] | None
    alarms: tuple[int, int] | None
    kpis: tuple[int, int] | None
    lists: dict[str, float]
    seconds: dict[str, float]
    notes: list[str]


HEAD = """# The league table

Who finds planted faults, whose KPIs are the true ones, whose list names those who would leave, and how long it takes: on the
same synthetic operator, where the truth is known. Re-made by `make bench-league`; the figures below are of its last run.
"""
READING = """
## How to read it

- **Faults**: {faults} of the registry's harmful ones, spread evenly, each planted into the newest month of an operator of 2,000
  lines; found = anything said that is not said of the clean month. **False alarms**: clean months in which something is
  complained of (this project: withheld).
- **KPIs**: numerator and denominator equal to the truth's, of all variants the truth states for the month.
- **The list**: the top {top} of the lines by each maker's score, three months of an operator of {services:,} lines, for leaving
  of one's own will in the month after next. *Kept* = would leave, and stays if contacted; *driven away* = the other way round.
  None of the makers models the effect of contact; that *kept* follows *would leave* is therefore no merit of any.
- **Time**: this project's month is all rooms with the gate, one thread; the rule list's is its checks and KPIs; churnkit's is
  its checks. Scores: fit and predict.

## What it does not say

- The operator is of the project's own making, and so are the faults: a rival who brings his own would look better. The
  rule list was written by the project too, honestly, but in an hour.
- churnkit is a framework for building churn models in notebooks. It has no KPIs, no lists, no checks between tables and no
  months; that it does not do what it was not made for is no blame. Its gate gets one table at a time, as it wants them.
- One seed. Differences of a few lines on a list are chance.
"""


def draw_page(rows: Mapping[str, Shown], services: int, faults: Sequence[str]) -> str:
    """Draw the table and how to read it."""
    table = [
        "| | faults found | false alarms, clean months | exact KPIs | of the list would leave | leavers on it | kept "
        "| driven away | a month | scores |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(_line(row) for row in rows.values()),
    ]
    notes = [f"- {row.name}: {note}." for row in rows.values() for note in row.notes]
    reading = READING.format(faults=len(faults), services=services, top="5 %")
    return "\n".join([HEAD, *table, "", *notes, reading])


def _line(row: Shown) -> str:
    cells = [row.name, _of(row.faults), _of(row.alarms), _of(row.kpis)]
    cells += [
        _share(row.lists.get(name))
        for name in ("leaves", "share of leavers", "kept", "driven away")
    ]
    cells += [
        _seconds(row.seconds.get("month", row.seconds.get("checks"))),
        _seconds(row.seconds.get("score")),
    ]
    return f"| {' | '.join(cells)} |"


def _of(pair: tuple[int, int] | None) -> str:
    return "–" if pair is None else f"{pair[0]} of {pair[1]}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"
