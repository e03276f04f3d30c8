"""Does the planner's forecast come true? Months that a hold-out was said to need, and months it took in lived histories.

In every history the contacts of each list take away what its prior says. After a few months the planner forecasts when
a difference that large can be read, at each share held out, by the orders and leavers seen so far. The history goes on
until bounds of the same evidence (`models.holdout.planner.find_known`) are no wider than the difference, and until they
exclude nought: about half of all histories show it by then, half need longer.

    python -m benchmarks.holdout_forecast [--histories 50] [--scale 5]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.effects_learnt import LISTS, MISSED, RISK, SPREAD
from models.holdout.effects import DESIGN_EFFECT, Tally, Z
from models.holdout.planner import (
    SHARES,
    Flow,
    find_known,
    find_variance,
    plan_holdout,
)

SEEN = 3  # months before the forecast
LONGEST = 120
JUDGED = ("renewal", "cohort_at_risk", "down_migration")


@dataclass(frozen=True)
class Lived:
    """What a history forecast, and in which month its bounds were as narrow, and excluded nought; 0 for never."""

    list: str
    share: float
    forecast: float
    narrow: int
    shown: int


def live_history(name: str, share: float, number: int, scale: float) -> Lived:
    """Live a list's hold-out until it shows what contacts do."""
    place = sorted(LISTS).index(name)
    random = np.random.default_rng([number, place, round(share * 100)])
    difference = LISTS[name].prior
    treated, holdout = Tally(), Tally()
    forecast, narrow, shown = 0.0, 0, 0
    for month in range(1, LONGEST + 1):
        newly_treated, newly_held_out = _live_month(random, name, share, scale)
        treated = treated.add(newly_treated)
        holdout = holdout.add(newly_held_out)
        arms = (treated, holdout)
        variance = find_variance(arms, DESIGN_EFFECT)
        known = find_known(treated.foreseen, holdout.foreseen, variance)
        if month == SEEN:
            foreseen = treated.foreseen + holdout.foreseen
            flow = Flow(foreseen / SEEN, 0.0, variance)
            [plan] = plan_holdout(flow, difference, known, [share])
            forecast = month + plan.months
        half = Z / np.sqrt(known)
        seen = holdout.lost / holdout.foreseen - treated.lost / treated.foreseen
        if not narrow and half <= difference:
            narrow = month
        if not shown and month >= SEEN and seen > half:
            shown = month
        if narrow and shown:
            break
    return Lived(name, share, forecast, narrow, shown)


def _live_month(
    random: np.random.Generator, name: str, share: float, scale: float
) -> tuple[Tally, Tally]:
    """Draw a month's orders, and let those leave whom the truth lets leave; the two arms."""
    orders = random.poisson(LISTS[name].orders * scale)
    foreseen = np.minimum(RISK * random.lognormal(0, SPREAD, orders), 0.5)
    true = foreseen * random.lognormal(-(MISSED**2) / 2, MISSED, orders)
    is_held_out = random.random(orders) < share
    hazard = np.where(is_held_out, true, true * (1 - LISTS[name].prior))
    is_lost = random.random(orders) < hazard
    return (
        _count_arm(is_lost[~is_held_out], foreseen[~is_held_out]),
        _count_arm(is_lost[is_held_out], foreseen[is_held_out]),
    )


def _count_arm(is_lost: np.ndarray, foreseen: np.ndarray) -> Tally:
    """An arm's sums; every order is of one line."""
    lost = int(is_lost.sum())
    return Tally(lost, float(foreseen.sum()), lost)


def live_histories(histories: int, scale: float) -> Iterator[Lived]:
    """Yield every history of every list and share."""
    for name in JUDGED:
        for share in SHARES:
            for number in range(histories):
                yield live_history(name, share, number, scale)


def summarise(lived: pd.DataFrame) -> pd.DataFrame:
    """A row a list and share: medians, with the middle four in five of the histories."""
    rows = []
    for (name, share), mine in lived.groupby(["list", "share"]):
        row = {"list": name, "held out": f"{share:.0%}"}
        row["forecast"] = _say_spread(mine["forecast"])
        row["bounds as narrow"] = _say_spread(mine["narrow"].replace(0, LONGEST))
        row["nought excluded"] = _say_spread(mine["shown"].replace(0, LONGEST))
        is_by_then = mine["shown"].between(1, np.ceil(mine["forecast"]))
        row["excluded by the forecast month"] = f"{is_by_then.mean():.0%}"
        rows.append(row)
    return pd.DataFrame(rows)


def _say_spread(months: pd.Series) -> str:
    low, middle, high = np.quantile(months, (0.1, 0.5, 0.9))
    return f"{middle:.0f} [{low:.0f}, {high:.0f}]"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.holdout_forecast")
    parser.add_argument("--histories", type=int, default=50)
    parser.add_argument("--scale", type=float, default=5.0, help="times 20,000 lines")
    options = parser.parse_args()
    started = time.perf_counter()
    lived = pd.DataFrame(list(live_histories(options.histories, options.scale)))
    print(summarise(lived).to_markdown(index=False))
    print(f"\n{options.histories} histories, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
