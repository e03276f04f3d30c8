"""Does what is learnt of contacts hold? Histories of hold-outs with known effects, looked at every month.

Each month every list draws customers with a risk that the score foresees, well or badly; a tenth is held out; the rest
leave less by what the world says a contact does there. `models.holdout.effects` learns from all months so far, and its bounds
are held against the truth: a list's is its segments' weighted by the treated's risks.

And each month a fifth of its customers is chosen, those of whom most is expected by what orders are planned by: what that
keeps, as a share of what the best fifth would, beside choices by the priors and by the means.

    python -m benchmarks.effects_learnt [--histories 200] [--months 24] [--scale 0.15]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.frames import Flags, Floats
from models.holdout.effects import Evidence, ListBelief, Tally, learn_effects
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
CHOSEN = 0.2  # of a month's customers
CHOICES = ("prior", "mean", "planned")  # what a choice may go by
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


@dataclass(frozen=True)
class Month:
    """A list's customers of a month, and what became of them."""

    segment: npt.NDArray[np.int64]
    foreseen: Floats
    true: Floats  # the risk that they have
    is_held_out: Flags
    is_lost: Flags

    def add_up(self) -> Floats:
        """Return arms × (lost, foreseen) × segments."""
        arms = []
        for arm in (~self.is_held_out, self.is_held_out):
            sums = []
            for weights in (self.is_lost, self.foreseen):
                mine = np.bincount(self.segment, weights * arm, minlength=SEGMENTS)
                sums.append(mine)
            arms.append(sums)
        return np.array(arms)


def live_history(
    world: World, number: int, months: int, scale: float = 1.0
) -> Iterator[tuple[list[Look], dict[str, float]]]:
    """Yield every month's looks, and what its choices keep of the best; `scale` multiplies the orders."""
    random = np.random.default_rng([number, 17])
    falls = world(random) * REACH
    shares = random.dirichlet(np.full(SEGMENTS, 2.0))
    sums = {name: np.zeros((2, 2, SEGMENTS)) for name in LISTS}
    for month in range(months):
        lived = {}
        for name in LISTS:
            orders = random.poisson(LISTS[name].orders * scale)
            lived[name] = _draw_month(random, orders, shares, falls * STRENGTH[name])
            sums[name] += lived[name].add_up()
        beliefs = _learn(sums)
        looks = list(_look(month, beliefs, sums, falls))
        yield looks, _choose(beliefs, lived, falls)


def _draw_month(
    random: np.random.Generator, orders: int, shares: Floats, effect: Floats
) -> Month:
    segment = random.choice(SEGMENTS, orders, p=shares)
    foreseen = np.minimum(RISK * random.lognormal(0, SPREAD, orders), 0.5)
    true = foreseen * random.lognormal(-(MISSED**2) / 2, MISSED, orders)
    is_held_out = random.random(orders) < HELD_OUT
    chance = np.where(is_held_out, true, true * (1 - effect[segment]))
    is_lost = random.random(orders) < chance
    return Month(segment, foreseen, true, is_held_out, is_lost)


def _choose(
    beliefs: Mapping[str, ListBelief], lived: Mapping[str, Month], falls: Floats
) -> dict[str, float]:
    """What the fifth that is chosen keeps of leavers, as a share of the best fifth, by what it goes by."""
    kept: list[Floats] = []
    expected: dict[str, list[Floats]] = {choice: [] for choice in CHOICES}
    for name, month in lived.items():
        kept.append(month.true * (falls * STRENGTH[name])[month.segment])
        for choice, of_segments in _expect(name, beliefs[name]).items():
            expected[choice].append(month.foreseen * of_segments[month.segment])
    truth = np.concatenate(kept)
    places = int(len(truth) * CHOSEN)
    best = np.sort(truth)[len(truth) - places :].sum()
    shares = {}
    for choice, parts in expected.items():
        order = np.argsort(-np.concatenate(parts), kind="stable")
        shares[choice] = float(truth[order[:places]].sum() / best) if best else np.nan
    return shares


def _expect(name: str, belief: ListBelief) -> dict[str, Floats]:
    """The persuadability of each segment of a list, by what a choice goes by."""
    names = [str(place) for place in range(SEGMENTS)]
    means = [belief.segments.get(one, belief.whole).mean for one in names]
    planned = [belief.plan_segment(one) for one in names]
    return {
        "prior": np.full(SEGMENTS, PRIORS[name]),
        "mean": np.array(means),
        "planned": np.array(planned),
    }


def _learn(sums: Mapping[str, Floats]) -> dict[str, ListBelief]:
    evidence = {}
    for name, arms in sums.items():
        segments = {}
        for place in range(SEGMENTS):
            tallies = [Tally(int(n), f, int(n)) for n, f in arms[:, :, place]]
            segments[str(place)] = Evidence(*tallies)
        evidence[name] = segments
    return learn_effects(PRIORS, evidence)


def _look(
    month: int,
    beliefs: Mapping[str, ListBelief],
    sums: Mapping[str, Floats],
    falls: Floats,
) -> Iterator[Look]:
    for name, belief in beliefs.items():
        effect = falls * STRENGTH[name]
        truths = {"all": float(np.average(effect, weights=sums[name][0, 1] + 1e-12))}
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


def run_world(
    world: World, histories: int, months: int, scale: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a row a history, month and list, and one over its segments; and a row a history and month of choices."""
    parts, choices = [], []
    for number in range(histories):
        every = []
        for month, (of_month, shares) in enumerate(
            live_history(world, number, months, scale), start=1
        ):
            every += of_month
            choices.append({"month": month, **shares})
        looks = pd.DataFrame(every)
        looks["what"] = np.where(looks["segment"] == "all", "list", "segment")
        looks["error"] = (looks["mean"] - looks["truth"]).abs()
        keys = ["month", "list", "what"]
        columns = ["is_covered", "is_paused", "error"]
        parts.append(looks.groupby(keys)[columns].mean().assign(history=number))
    return pd.concat(parts).reset_index(), pd.DataFrame(choices)


def summarise(table: pd.DataFrame, choices: pd.DataFrame) -> dict[str, str]:
    """Coverage over all looks, and by how old a history is; pauses; the mean error of a list; what choices keep."""
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
            means = choices[choices["month"] == month].mean()
            kept = ", ".join(f"{means[choice]:.2f}" for choice in CHOICES)
            found[f"{', '.join(CHOICES)} after {month}"] = kept
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
        looks, choices = run_world(
            world, options.histories, options.months, options.scale
        )
        columns[name] = summarise(looks, choices)
        print(name, columns[name], flush=True)
    print(pd.DataFrame(columns).T.to_markdown())
    print(f"\n{options.histories} histories, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
