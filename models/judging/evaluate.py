"""How good a score is: ranking, probabilities, and what stands at the top of the list.

`outcome` is 0 or 1, `chance` the probability given to 1; a rule that gives no probability has
ranking measures only.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.special import betainc
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
)

from models.frames import Floats

Measure = Callable[[Floats, Floats], float]
Draw = Callable[[Floats], float]

BINS = 10
ALPHA, BETA = 6.0, 14.0  # of the chance that a would-be leaver takes the offer
CHANCE_FLOOR = 1e-7  # a rule's certain 0 or 1 would make the log loss endless


def log_loss_of_odds(outcome: Floats, odds: Floats) -> float:
    """Return the mean log loss of log-odds; exact however certain they are."""
    return float(np.mean(np.logaddexp(0.0, odds) - outcome * odds))


def precision_at(outcome: Floats, score: Floats, places: int) -> float:
    """Return the share of hits among the highest `places` scores.

    Ties at the edge count at their expected value.
    """
    places = min(places, len(score))
    edge = np.partition(score, len(score) - places)[len(score) - places]
    above, tied = score > edge, score == edge
    hits = outcome[above].sum() + (places - above.sum()) * outcome[tied].mean()
    return float(hits / places)


def lift(outcome: Floats, score: Floats, share: float = 0.10) -> float:
    """Return how many times the base rate stands in the highest share of scores.

    At 0.10 it is the top-decile lift.
    """
    return precision_at(outcome, score, math.ceil(share * len(score))) / float(
        outcome.mean()
    )


def calibration_error(outcome: Floats, chance: Floats, bins: int = BINS) -> float:
    """Return the expected calibration error over bins of equal size.

    |observed − predicted|, weighted by rows.
    """
    parts = np.array_split(np.argsort(chance, kind="stable"), bins)
    return float(
        sum(len(p) * abs(outcome[p].mean() - chance[p].mean()) for p in parts if len(p))
        / len(chance)
    )


def value_caught(outcome: Floats, score: Floats, value: Floats, places: int) -> float:
    """Return the share of all lost value that stands in the highest `places` scores."""
    lost = outcome * value
    return (
        precision_at(lost, score, places) * min(places, len(score)) / float(lost.sum())
    )


def auc(outcome: Floats, score: Floats) -> float:
    """Return the area under the ROC curve."""
    return float(roc_auc_score(outcome, score))


def auc_of_draws(outcome: Floats, score: Floats) -> Draw:
    """Return the area as a function of how often each row was drawn (Mann-Whitney).

    The rows are sorted once for the thousand draws of an interval.
    """
    order = np.argsort(score, kind="stable")
    ranked, is_hit = score[order], outcome[order]
    first_of_tie = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))

    def measure(times: Floats) -> float:
        drawn = times[order]
        hits = np.add.reduceat(drawn * is_hit, first_of_tie)
        misses = np.add.reduceat(drawn, first_of_tie) - hits
        below = np.cumsum(misses) - misses / 2.0  # half of those tied with it
        return float(hits @ below) / float(hits.sum() * misses.sum())

    return measure


def average_precision(outcome: Floats, score: Floats) -> float:
    """Return the average precision."""
    return float(average_precision_score(outcome, score))


def mean_log_loss(outcome: Floats, chance: Floats) -> float:
    """Return the mean log loss, chances held away from 0 and 1."""
    return float(
        log_loss(
            outcome, np.clip(chance, CHANCE_FLOOR, 1 - CHANCE_FLOOR), labels=[0, 1]
        )
    )


def log_loss_of_draws(outcome: Floats, chance: Floats) -> Draw:
    """Return the same loss as a function of how often each row was drawn."""
    held = np.clip(chance, CHANCE_FLOOR, 1 - CHANCE_FLOOR)
    losses = -np.log(np.where(outcome > 0, held, 1.0 - held))

    def measure(times: Floats) -> float:
        return float(losses @ times) / float(times.sum())

    return measure


def brier(outcome: Floats, chance: Floats) -> float:
    """Return the mean squared error of the probability."""
    return float(brier_score_loss(outcome, chance))


def expected_maximum_profit(
    outcome: Floats,
    score: Floats,
    value: Floats | float = 200.0,
    offer: Floats | float = 10.0,
    contact: float = 1.0,
) -> float:
    """Return the expected maximum profit per customer of the base, in the unit of `value`.

    The highest-scored customers are contacted (cost `contact`) and offered something (cost
    `offer`). A would-be leaver takes it with an unknown chance γ ~ Beta(6, 14) and stays with his
    `value`; who would have stayed takes it always. Contacting the first k earns A_k γ − B_k, a
    straight line in γ: the best k for each γ is the upper envelope of these lines, and its mean
    over γ is the measure; 0 where contacting nobody is best. Verbraken, Verbeke & Baesens 2013 (doi
    10.1109/TKDE.2012.50), whose defaults these are; they are no operator's truth.
    """
    gain, cost = _campaigns(
        outcome, score, np.asarray(value, float), np.asarray(offer, float), contact
    )
    lines = _upper_envelope(gain, cost)
    gain, cost = gain[lines], cost[lines]
    turns = np.concatenate(
        [[0.0], np.clip(np.diff(cost) / np.diff(gain), 0.0, 1.0), [1.0]]
    )
    mass = np.diff(betainc(ALPHA, BETA, turns))
    mean = (
        ALPHA / (ALPHA + BETA) * np.diff(betainc(ALPHA + 1, BETA, turns))
    )  # ∫ γ h(γ) over each piece
    return float(gain @ mean - cost @ mass) / len(outcome)


def individual_maximum_profit(
    outcome: Floats,
    score: Floats,
    value: Floats,
    offer_share: float = 0.05,
    contact: float = 1.0,
) -> float:
    """Return it where each customer has a value of their own, and the offer is a share of it.

    Óskarsdóttir, Baesens & Vanthienen 2018 (doi 10.1089/big.2018.0015); Janssens et al. 2022
    (doi 10.1007/s10479-022-04631-5).
    """
    return expected_maximum_profit(
        outcome, score, value, offer_share * np.asarray(value, float), contact
    )


def _campaigns(
    outcome: Floats, score: Floats, value: Floats, offer: Floats, contact: float
) -> tuple[Floats, Floats]:
    """Return A_k and B_k for every cut between two scores, first for contacting nobody."""
    order = np.argsort(-score, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    gain = np.cumsum((outcome * (value - offer))[order])[last_of_tie]
    cost = np.cumsum((contact + (1.0 - outcome) * offer)[order])[last_of_tie]
    return np.append(0.0, gain), np.append(0.0, cost)


def _upper_envelope(gain: Floats, cost: Floats) -> list[int]:
    """Return the lines `gain` γ − `cost` that are highest for some γ, by rising gain.

    They are a lower convex hull.
    """
    hull: list[int] = [0]
    for k in range(1, len(gain)):
        if gain[k] <= gain[hull[-1]]:  # costs more and gains nothing
            continue
        while len(hull) > 1 and _is_above(gain, cost, hull[-2], hull[-1], k):
            hull.pop()
        hull.append(k)
    return hull


def _is_above(gain: Floats, cost: Floats, first: int, middle: int, last: int) -> bool:
    """Say whether the middle point is on or above the chord of the others.

    Its line is never the highest.
    """
    rise = (cost[middle] - cost[first]) * (gain[last] - gain[first])
    return bool(rise >= (cost[last] - cost[first]) * (gain[middle] - gain[first]))


RANKING: dict[str, Measure] = {
    "auc": auc,
    "average_precision": average_precision,
    "lift_10": lift,
    "empc": expected_maximum_profit,
}
PROBABILITY: dict[str, Measure] = {
    "log_loss": mean_log_loss,
    "brier": brier,
    "calibration_error": calibration_error,
}


def measure_all(
    outcome: Floats, score: Floats, *, is_probability: bool = True
) -> dict[str, float]:
    """Return every measure by name."""
    wanted = RANKING | (PROBABILITY if is_probability else {})
    return {name: measure(outcome, score) for name, measure in wanted.items()}


def measure_slices(outcome: Floats, chance: Floats, by: pd.Series) -> pd.DataFrame:
    """Return a row a slice.

    Rows, observed and predicted rate, AUC (empty where one class only) and log loss.
    """
    table = pd.DataFrame({"slice": by.to_numpy(), "outcome": outcome, "chance": chance})
    return pd.DataFrame(
        [
            _slice(name, part)
            for name, part in table.groupby("slice", sort=True, dropna=False)
        ]
    )


def _slice(name: object, part: pd.DataFrame) -> dict[str, object]:
    outcome, chance = part["outcome"].to_numpy(), part["chance"].to_numpy()
    return {
        "slice": name,
        "rows": len(part),
        "observed_rate": float(outcome.mean()),
        "predicted_rate": float(chance.mean()),
        "auc": auc(outcome, chance) if 0 < outcome.mean() < 1 else math.nan,
        "log_loss": mean_log_loss(outcome, chance),
    }


def decile_table(outcome: Floats, chance: Floats, bins: int = BINS) -> pd.DataFrame:
    """Return a row a decile, 1 the highest.

    Rows, hits, observed and predicted rate, lift, share of all hits so far.
    """
    parts = np.array_split(np.argsort(-chance, kind="stable"), bins)
    rows = [
        (len(p), outcome[p].sum(), outcome[p].mean(), chance[p].mean()) for p in parts
    ]
    table = pd.DataFrame(
        rows, columns=["rows", "hits", "observed_rate", "predicted_rate"]
    )
    table.insert(0, "decile", np.arange(1, bins + 1))
    table["lift"] = table["observed_rate"] / outcome.mean()
    table["gain"] = table["hits"].cumsum() / outcome.sum()
    return table
