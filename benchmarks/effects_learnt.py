"""Does what is learnt of contacts hold? Histories of hold-outs with known effects, looked at every month.

Each month every list draws customers with a risk that the score foresees, well or badly; a tenth is held out; the rest
leave less by what the world says a contact does there. `models.holdout.effects` learns from all months so far, and its bounds
are held against the truth: a list's is its segments' weighted by the treated's risks.

    python -m benchmarks.effects_learnt [--histories 200] [--months 24]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.frames import Floats
from models.holdout.effects import Evidence, Tally, learn_effects
from twin import TwinConfig

SEGMENTS = 24
HELD_OUT = 0.1
RISK, SPREAD = 0.018, 0.7  # of customers on lists: the middle, and on the log scale
MISSED = 0.5  # of the risk that the score does not see, on the log scale
REACH = TwinConfig().worked_share * TwinConfig().reach_rate
STRENGTH = TwinConfig().retention_strength


@dataclass(frozen=True)
class List:
    """A list's prior, and its orders a month at 20,000 lines."""

    prior: float
    orders: int


LISTS = {
    "renewal": List(0.3, 360),
    "vip_zero_usage": List(0.2, 90),
    "group_zero_usage": List(0.2, 30),
    "cohort_at_risk": List(0.2, 900),
    "churn_risk": List(0.2, 180),
    "down_migration": List(0.2, 270),
    "points_redemption": List(0.1, 900),
    "activity_invite": List(0.1, 120),
}
PRIORS = {name: one.prior for name, one in LISTS.items()}
# What reaching somebody takes off the risk on a list of full strength, a number a segment.
World = Callable[[np.random.Generator], Floats]


def _everywhere(fall: float) -> World:
    return lambda random: np.full(SEGMENTS, fall)


def _by_segment(fall: float, spread: float) -> World:
    return lambda random: random.normal(fall, spread, SEGMENTS)


WORLDS: Mapping[str, World] = {
    "as in the twin": _everywhere(0.145),
    "by segment": _by_segment(0.2, 0.3),
    "keeps many": _everywhere(0.6),
    "does nothing": _everywhere(0.0),
    "drives away": _everywhere(-2.0),
}


@dataclass(frozen=True)
class Look:
    """What was held of a list, or of one of its segments, in a month, and what is true."""

    month: int
    list: str
    segment: str
    truth: float
    mean: float
    is_covered: bool
    is_paused: bool


def live_history(
    world: World, number: int, months: int, scale: float = 1.0
) -> Iterator[Look]:
    """Yield every look of a history; `scale` multiplies the orders."""
    random = np.random.default_rng([number, 17])
    falls = world(random) * REACH
    shares = random.dirichlet(np.full(SEGMENTS, 2.0))
    sums = {name: np.zeros((2, 3, SEGMENTS)) for name in LISTS}
    for month in range(months):
        for name in LISTS:
            orders = random.poisson(LISTS[name].orders * scale)
            effect = falls * STRENGTH[name]
            sums[name] += _draw_month(random, orders, shares, effect)
        yield from _look(month, sums, falls)


def _draw_month(
    random: np.random.Generator, orders: int, shares: Floats, effect: Floats
) -> Floats:
    """Return arms × (orders, lost, foreseen) × segments of a list's month."""
    segment = random.choice(SEGMENTS, orders, p=shares)
    foreseen = np.minimum(RISK * random.lognormal(0, SPREAD, orders), 0.5)
    true = foreseen * random.lognormal(-(MISSED**2) / 2, MISSED, orders)
    is_held_out = random.random(orders) < HELD_OUT
    chance = np.where(is_held_out, true, true * (1 - effect[segment]))
    lost = random.random(orders) < chance
    arms = []
    for arm in (~is_held_out, is_held_out):
        sums = []
        for weights in (np.ones(orders), lost.astype(float), foreseen):
            sums.append(np.bincount(segment, weights=weights * arm, minlength=SEGMENTS))
        arms.append(sums)
    return np.array(arms)


def _look(month: int, sums: Mapping[str, Floats], falls: Floats) -> Iterator[Look]:
    evidence = {}
    for name, arms in sums.items():
        segments = {}
        for place in range(SEGMENTS):
            tallies = [Tally(int(o), int(lost), f) for o, lost, f in arms[:, :, place]]
            segments[str(place)] = Evidence(*tallies)
        evidence[name] = segments
    found = learn_effects(PRIORS, evidence)
    for name, belief in found.items():
        effect = falls * STRENGTH[name]
        truths = {"all": float(np.average(effect, weights=sums[name][0, 2] + 1e-12))}
        held = {"all": belief.whole, **belief.segments}
        for name_of, one in held.items():
            truth = truths.get(name_of)
            if truth is None:
                truth = float(effect[int(name_of)])
            yield Look(
                month=month + 1,
                list=name,
                segment=name_of,
                truth=truth,
                mean=one.mean,
                is_covered=one.low <= truth <= one.high,
                is_paused=belief.is_harmful,
            )


def run_world(world: World, histories: int, months: int, scale: float) -> pd.DataFrame:
    """Return a row a history, month and list, and one over its segments."""
    parts = []
    for number in range(histories):
        looks = pd.DataFrame(list(live_history(world, number, months, scale)))
        looks["what"] = np.where(looks["segment"] == "all", "list", "segment")
        looks["error"] = (looks["mean"] - looks["truth"]).abs()
        keys = ["month", "list", "what"]
        columns = ["is_covered", "is_paused", "error"]
        parts.append(looks.groupby(keys)[columns].mean().assign(history=number))
    return pd.concat(parts).reset_index()


def summarise(table: pd.DataFrame) -> dict[str, str]:
    """Coverage over all looks, and by how old a history is; pauses; the mean error of a list."""
    lists = table[table["what"] == "list"]
    found = {
        "lists covered": f"{lists['is_covered'].mean():.1%}",
        "lowest month": f"{lists.groupby('month')['is_covered'].mean().min():.1%}",
        "lowest list": f"{lists.groupby('list')['is_covered'].mean().min():.1%}",
        "segments covered": f"{table.loc[table['what'] == 'segment', 'is_covered'].mean():.1%}",
    }
    for month in (1, 3, 6, 12, 24):
        now = lists[lists["month"] == month]
        if len(now):
            found[f"error, paused after {month}"] = (
                f"{now['error'].mean():.2f}, {now['is_paused'].mean():.0%}"
            )
    return found


def main() -> None:
    """Print a column a world."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.effects_learnt")
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--scale", type=float, default=1.0, help="times 20,000 lines")
    options = parser.parse_args()
    started = time.perf_counter()
    columns = {}
    for name, world in WORLDS.items():
        table = run_world(world, options.histories, options.months, options.scale)
        columns[name] = summarise(table)
        print(name, columns[name], flush=True)
    print(pd.DataFrame(columns).T.to_markdown())
    print(f"\n{options.histories} histories, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
