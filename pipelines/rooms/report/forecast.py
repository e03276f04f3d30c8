"""What will be open by 31 December: the chain ladder over bill months, as actuaries roll claims, with an interval.

A bill month's open amount falls from one cut-off to the next by a ratio of its age. The ratio is what the last months show
(sums over sums), the next bills are those of the last month, and of them the same share stays open. The interval comes of
the method's own one-month errors over the months held, on the log scale, widened by the root of the distance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import stats

from pipelines.core.month import Month
from pipelines.rooms.context import Context
from pipelines.text.units import yuan

Row = dict[str, Any]
Grid = NDArray[np.float64]
OLDEST = 13  # months; all that is older is one age
WINDOW = 6  # months that the ratios are taken from
FEWEST = 4  # months of history before anything is said
FEWEST_ERRORS = 5  # one-month errors before an interval is said
LEVEL = 0.95
_MONEY = pa.decimal128(18, 2)
SCHEMA = pa.schema(
    [
        *[(name, pa.string()) for name in ("month", "scope_kind", "scope_id", "about_month")],
        *[(name, _MONEY) for name in ("open_amount", "low_amount", "high_amount")],
        ("error_count", pa.int32()),
    ]
)


@dataclass(frozen=True)
class Ladder:
    """Months held one after the other: open amounts by age (months × ages) and what was billed (months), in yuan."""

    open: Grid
    billed: Grid

    def upto(self, months: int) -> Ladder:
        """The first months alone."""
        return Ladder(self.open[:months], self.billed[:months])


@dataclass(frozen=True)
class Forecast:
    """The open amount of each coming month, and the bounds of its interval where there is one."""

    open: Grid
    low: Grid | None
    high: Grid | None
    errors: int


def project(ladder: Ladder, horizon: int) -> Grid:
    """Return the open amount of the next months, yuan."""
    recent = ladder.open[-WINDOW - 1 :]
    rolled = _ratios(recent)
    billed = ladder.billed[-WINDOW:]
    stays = recent[-len(billed) :, 0].sum() / billed.sum() if billed.sum() else 0.0
    ages, sums = ladder.open[-1].copy(), []
    for _ in range(horizon):
        older = ages * rolled
        ages = np.concatenate([[stays * ladder.billed[-1]], older[:-1]])
        ages[-1] += older[-1]
        sums.append(ages.sum())
    return np.array(sums)


def _ratios(recent: Grid) -> Grid:
    """What is left of each age a month later; the oldest stays among the oldest."""
    before, after = recent[:-1].sum(axis=0), recent[1:].sum(axis=0)
    left = np.zeros(OLDEST + 1)
    np.divide(after[1:], before[:-1], out=left[:-1], where=before[:-1] > 0)
    old = before[-2] + before[-1]  # both flow into the oldest
    left[-2] = left[-1] = after[-1] / old if old > 0 else 0.0
    return left


def forecast(ladder: Ladder, horizon: int) -> Forecast | None:
    """Project with an interval; None where too few months are held, no bounds where too few errors are known."""
    held = len(ladder.billed)
    if held < FEWEST:
        return None
    expected = project(ladder, horizon)
    errors = [_error(ladder, origin) for origin in range(FEWEST, held)]
    known = np.array([error for error in errors if error is not None])
    if len(known) < FEWEST_ERRORS:
        return Forecast(expected, None, None, len(known))
    spread = float(np.sqrt(np.mean(known**2) * (1 + 1 / len(known))))
    reach = stats.t.ppf((1 + LEVEL) / 2, len(known)) * spread * np.sqrt(np.arange(1, horizon + 1))
    return Forecast(expected, expected * np.exp(-reach), expected * np.exp(reach), len(known))


def _error(ladder: Ladder, origin: int) -> float | None:
    said, came = project(ladder.upto(origin), 1)[0], ladder.open[origin].sum()
    return float(np.log(came / said)) if said > 0 and came > 0 else None


# -- the room ----------------------------------------------------------------------------------------------------


def write_forecast(context: Context) -> None:
    """Write `report_forecast`: company and branches, each month up to the next 31 December."""
    if not context.is_computed("report_vintage"):
        context.record_missing("report_forecast", context.tables["report_vintage"]["reasons"])
        return
    rows = context.engine.rows("SELECT * FROM report_vintage ORDER BY ALL")
    scopes = sorted({(row["scope_kind"], row["scope_id"]) for row in rows})
    made = [
        row
        for scope in scopes
        for row in _scope_rows(context.month, *scope, ladder_of(rows, scope, context.month))
    ]
    if not made:
        context.record_missing(
            "report_forecast", [f"not held: {FEWEST} months one after the other"]
        )
        return
    context.engine.register("forecast_row", pa.Table.from_pylist(made, schema=SCHEMA))
    context.write(
        "report_forecast", "SELECT * FROM forecast_row", ["scope_kind", "scope_id", "about_month"]
    )


def ladder_of(rows: Iterable[Mapping[str, Any]], scope: tuple[str, str], month: Month) -> Ladder:
    """Take a scope's months out of `report_vintage`: those held without a gap up to this one."""
    found: dict[Month, list[Mapping[str, Any]]] = {}
    for row in rows:
        if (row["scope_kind"], row["scope_id"]) == scope:
            found.setdefault(Month.parse(row["month"]), []).append(row)
    chain = [month]
    while chain[0].plus(-1) in found:
        chain.insert(0, chain[0].plus(-1))
    open_, billed = np.zeros((len(chain), OLDEST + 1)), np.zeros(len(chain))
    for place, held in enumerate(chain):
        for row in found.get(held, ()):
            open_[place, row["age_months"]] += float(row["open_amount"])
            billed[place] += float(row["billed_amount"])
    return Ladder(open_, billed)


def _scope_rows(month: Month, kind: str, scope_id: str, ladder: Ladder) -> Iterable[Row]:
    horizon = (12 - month.number) or 12
    said = forecast(ladder, horizon)
    if said is None or not ladder.open[-1].sum():
        return
    for step in range(horizon):
        yield {
            "month": str(month),
            "scope_kind": kind,
            "scope_id": scope_id,
            "about_month": str(month.plus(step + 1)),
            "open_amount": yuan(said.open[step]),
            "low_amount": None if said.low is None else yuan(said.low[step]),
            "high_amount": None if said.high is None else yuan(said.high[step]),
            "error_count": said.errors,
        }
