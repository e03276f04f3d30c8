"""What will be open by 31 December: the chain ladder over bill months, with an interval.

As actuaries roll claims: a bill month's open amount falls from one cut-off to the next by a ratio
of its age. The ratio is what the last months show (sums over sums), the next bills are those of the
last month, and of them the same share stays open. The interval comes of the method's own one-month
errors over the months held, on the log scale, widened by the root of the distance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict, cast

import numpy as np
from numpy.typing import NDArray
from scipy import special

from pipelines.core.month import Month
from pipelines.core.reasons import Reason
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import write_made_rows
from pipelines.rooms.report.rows import read_ordered
from pipelines.text.units import round_to_fen

Grid = NDArray[np.float64]
OLDEST = 13  # months; all that is older is one age
WINDOW = 6  # months that the ratios are taken from
FEWEST = 4  # months of history before anything is said
FEWEST_ERRORS = 5  # one-month errors before an interval is said
LEVEL = 0.95
ScopeKey = tuple[str, str]  # kind of scope, scope


class VintageRow(TypedDict):
    """A row of `report_vintage`: what a scope had open of an age in a month, and was billed."""

    month: str
    scope_kind: str
    scope_id: str
    age_months: int
    open_amount: Decimal
    billed_amount: Decimal


@dataclass(frozen=True)
class Ladder:
    """Months held one after the other, in yuan.

    `open` has the open amounts by age (months × ages), `billed` what was billed (months).
    """

    open: Grid
    billed: Grid

    def upto(self, months: int) -> Ladder:
        """The first months alone."""
        return Ladder(
            open=self.open[:months],
            billed=self.billed[:months],
        )


@dataclass(frozen=True)
class Forecast:
    """The open amount of each coming month, and the bounds of its interval where there is one.

    `errors` is how many one-month errors the interval comes from.
    """

    open: Grid
    low: Grid | None
    high: Grid | None
    errors: int


def project_open_amounts(ladder: Ladder, horizon: int) -> Grid:
    """Return the open amount of the next months, yuan."""
    recent = ladder.open[-WINDOW - 1 :]
    left = _take_ratios(recent)
    share = _take_first_share(recent, ladder.billed[-WINDOW:])
    next_bills = share * ladder.billed[-1]

    ages = ladder.open[-1]
    sums = []
    for _ in range(horizon):
        ages = _roll_month(ages, left, next_bills)
        sums.append(ages.sum())
    return np.array(sums)


def _roll_month(ages: Grid, left: Grid, next_bills: float) -> Grid:
    """Return the open amounts by age a month later."""
    older = ages * left
    rolled = np.concatenate([[next_bills], older[:-1]])
    rolled[-1] += older[-1]
    return rolled


def _take_first_share(recent: Grid, billed: Grid) -> float:
    """Return which share of a month's bills is still open at its own cut-off."""
    total = billed.sum()
    if not total:
        return 0.0
    same_months = recent[-len(billed) :]
    open_at_once = same_months[:, 0].sum()
    return float(open_at_once / total)


def _take_ratios(recent: Grid) -> Grid:
    """Return what is left of each age a month later; the oldest stays among the oldest."""
    before = recent[:-1].sum(axis=0)
    after = recent[1:].sum(axis=0)
    left = np.zeros(OLDEST + 1)
    younger = before[:-1]
    np.divide(after[1:], younger, out=left[:-1], where=younger > 0)

    # Two ages flow into the oldest: the one before it, and itself.
    flowing_into_oldest = before[-2:].sum()
    oldest = 0.0
    if flowing_into_oldest > 0:
        oldest = after[-1] / flowing_into_oldest
    left[-2:] = oldest
    return left


def forecast_open_amounts(ladder: Ladder, horizon: int) -> Forecast | None:
    """Project with an interval, of 95 %.

    None where too few months are held; no bounds where too few errors are known.
    """
    held = len(ladder.billed)
    if held < FEWEST:
        return None
    expected = project_open_amounts(ladder, horizon)
    errors = _gather_errors(ladder)
    count = len(errors)
    if count < FEWEST_ERRORS:
        return Forecast(expected, low=None, high=None, errors=count)

    reach = _measure_reach(errors, horizon)
    return Forecast(
        open=expected,
        low=expected * np.exp(-reach),
        high=expected * np.exp(reach),
        errors=count,
    )


def _measure_reach(errors: Grid, horizon: int) -> Grid:
    """Return how far the interval of each coming month reaches either way, on the log scale."""
    count = len(errors)
    mean_square = np.mean(errors**2)
    widened = mean_square * (1 + 1 / count)
    spread = float(np.sqrt(widened))
    upper_tail = (1 + LEVEL) / 2
    quantile = float(special.stdtrit(count, upper_tail))

    months_ahead = np.arange(1, horizon + 1)
    distance = np.sqrt(months_ahead)
    return quantile * spread * distance


def _gather_errors(ladder: Ladder) -> Grid:
    """Return the log errors of one-month projections from every origin that has a history."""
    errors = []
    for origin in range(FEWEST, len(ladder.billed)):
        known = ladder.upto(origin)
        [projected] = project_open_amounts(known, 1)
        came = ladder.open[origin].sum()
        if projected > 0 and came > 0:
            error = np.log(came / projected)
            errors.append(float(error))
    return np.array(errors)


# -- the room ------------------------------------------------------------------------------------


def write_forecast(context: Context) -> None:
    """Write `report_forecast`: company and branches, each month up to the next 31 December."""
    if not context.is_computed("report_vintage"):
        reasons = context.missing_reasons("report_vintage")
        context.record_missing("report_forecast", reasons)
        return

    vintages = cast("list[VintageRow]", read_ordered(context, "report_vintage"))
    scopes = {_find_scope(row) for row in vintages}
    rows: list[dict[str, object]] = []
    for scope in sorted(scopes):
        ladder = build_ladder(vintages, scope, context.month)
        rows.extend(_forecast_rows(context.month, scope, ladder))

    if not rows:
        reason = Reason.not_held(f"{FEWEST} months one after the other")
        context.record_missing("report_forecast", [reason])
        return
    write_made_rows(context, "report_forecast", rows)


def build_ladder(rows: Iterable[VintageRow], scope: ScopeKey, month: Month) -> Ladder:
    """Take a scope's months out of `report_vintage`: those held without a gap up to this one."""
    by_month = _group_by_month(rows, scope)
    months = _months_in_a_row(by_month, month)
    open_amounts = np.zeros((len(months), OLDEST + 1))
    billed = np.zeros(len(months))
    for place, held in enumerate(months):
        for row in by_month.get(held, ()):
            age = row["age_months"]
            open_amounts[place, age] += float(row["open_amount"])
            billed[place] += float(row["billed_amount"])
    return Ladder(open_amounts, billed)


def _group_by_month(
    rows: Iterable[VintageRow], scope: ScopeKey
) -> dict[Month, list[VintageRow]]:
    """Return the rows of a scope by the month that they were seen in."""
    by_month: dict[Month, list[VintageRow]] = defaultdict(list)
    for row in rows:
        if _find_scope(row) == scope:
            month = Month.parse(row["month"])
            by_month[month].append(row)
    return by_month


def _find_scope(row: VintageRow) -> ScopeKey:
    return row["scope_kind"], row["scope_id"]


def _months_in_a_row(found: Mapping[Month, object], last: Month) -> list[Month]:
    """Return the months up to the last one that were found one after the other, oldest first."""
    months = [last]
    before = last.plus(-1)
    while before in found:
        months.insert(0, before)
        before = before.plus(-1)
    return months


def _forecast_rows(
    month: Month, scope: ScopeKey, ladder: Ladder
) -> Iterator[dict[str, object]]:
    """Yield a scope's rows of `report_forecast`."""
    months_left = 12 - month.number
    horizon = months_left or 12  # in December, those of the next year
    found = forecast_open_amounts(ladder, horizon)
    if found is None or not ladder.open[-1].sum():
        return
    scope_kind, scope_id = scope

    for step in range(horizon):
        about = month.plus(step + 1)
        yield {
            "month": str(month),
            "scope_kind": scope_kind,
            "scope_id": scope_id,
            "about_month": str(about),
            "open_amount": round_to_fen(found.open[step]),
            "low_amount": _bound_at(found.low, step),
            "high_amount": _bound_at(found.high, step),
            "error_count": found.errors,
        }


def _bound_at(bounds: Grid | None, step: int) -> Decimal | None:
    """Return a bound of one coming month; None where there is no interval."""
    if bounds is None:
        return None
    return round_to_fen(bounds[step])
