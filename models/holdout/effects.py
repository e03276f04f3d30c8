"""How far a contact lowers the risk of leaving: learnt from every hold-out, by list and segment.

What is learnt is a list's persuadability: the part of the risk of leaving that an order takes away.
A customer with that risk stays by risk x persuadability more likely; below nought, an order drives
customers away.

A segment's evidence is the difference of two ratios of leavers to leavers foreseen (the risks added
up):

    y = lost / foreseen (held out) - lost / foreseen (treated)
    v = r x h / foreseen (held out) + r x t / foreseen (treated)

with r = (lost + 2) / (foreseen + 2) of the whole list, both arms, and h and t the ratio of one arm
of all lists to that of both: so a segment's weight does not hang on its own luck. Chance alone
parts the arms, so y is true on average however wrong the risks are.

Behind it stand normal floors, and of each only what lies above is unknown:

    common    mu     ~ N(0, ALL^2)             what contacts do otherwise than all priors say
    list      a_l    ~ N(prior_l + mu, LIST^2)
    segment   b_ls   ~ N(a_l, SEGMENT^2)
    evidence  y_ls   ~ N(b_ls, v_ls)

The posterior is in closed form, up the tree and down again (Gelman and others, Bayesian Data
Analysis, section 5.4, with the variances between given). With little evidence it is the prior with
the prior's width; so it may be used from the first hold-out on. Where lists or segments scatter
more than the widths assumed, or all lists lie farther from their priors, the widths grow to what it
takes (moment estimates): a prior that is wrong does not hold out against data.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

# Standard deviations of persuadability: assumed. Priors lie between 0.1 and 0.5; studies of
# retention campaigns found some that did nothing, and some that did harm.
ALL, LIST, SEGMENT = 0.25, 0.15, 0.15
SMOOTHING = 2.0  # of a list's ratio, in orders lost
SPREAD_SMOOTHING = 10.0  # of an arm's: few lost by chance must not look certain
Z = 1.96
WHOLE_LIST = "all"  # in the place of a segment: a list over all of them


@dataclass(frozen=True)
class Tally:
    """The orders of one arm of a segment: how many, how many were lost, how many foreseen to be."""

    orders: int = 0
    lost: int = 0
    foreseen: float = 0.0


@dataclass(frozen=True)
class Evidence:
    """What a segment's two arms came to."""

    treated: Tally
    holdout: Tally

    @property
    def says_something(self) -> bool:
        """Whether there is anybody in both arms."""
        return min(self.treated.foreseen, self.holdout.foreseen) > 0


@dataclass(frozen=True)
class Belief:
    """What is held of a persuadability: its mean and standard deviation."""

    mean: float
    deviation: float

    @property
    def low(self) -> float:
        """The lower bound of the 95 % interval."""
        return self.mean - Z * self.deviation

    @property
    def high(self) -> float:
        """The upper bound."""
        return self.mean + Z * self.deviation


@dataclass(frozen=True)
class ListBelief:
    """What is held of a list, and of each of its segments of which anything was seen.

    `like_it` is held of lists with its prior, by what all lists show.
    """

    like_it: Belief
    whole: Belief
    segments: Mapping[str, Belief]

    @property
    def is_harmful(self) -> bool:
        """Whether its orders drive customers away.

        Shown of the list, or shown of all lists and likely of this one.
        """
        return self.whole.high < 0 or (self.like_it.high < 0 and self.whole.mean < 0)


@dataclass(frozen=True)
class _Seen:
    """An unbiased estimate with its variance."""

    value: float
    variance: float


def learn_effects(
    priors: Mapping[str, float], evidence: Mapping[str, Mapping[str, Evidence]]
) -> dict[str, ListBelief]:
    """Return what is held of every list of `priors`; `evidence` is by list and segment."""
    spread = _find_spread(evidence)
    seen = {}
    for name in sorted(priors):
        seen[name] = _see_segments(evidence.get(name, {}), spread)
    widths, lists, gaps = {}, {}, []
    for name, segments in seen.items():
        parts = list(segments.values())
        widths[name] = _find_width(parts, SEGMENT)
        if parts:
            lists[name] = _average(parts, widths[name])
            gap = lists[name].value - priors[name]
            gaps.append(_Seen(gap, lists[name].variance))

    between_lists = _find_width(gaps, LIST)
    common = _find_common(gaps, between_lists)
    found = {}
    for name, segments in seen.items():
        like_it = Belief(priors[name] + common.mean, common.deviation)
        whole = _update(like_it, between_lists, lists.get(name))
        by_segment = {}
        for segment, one in segments.items():
            by_segment[segment] = _update(whole, widths[name], one)
        found[name] = ListBelief(like_it, whole, by_segment)
    return found


class _Spread(NamedTuple):
    """How many more or fewer than over both arms are lost in each, over all lists."""

    treated: float
    holdout: float


def _find_spread(evidence: Mapping[str, Mapping[str, Evidence]]) -> _Spread:
    treated: list[Tally] = []
    holdout: list[Tally] = []
    for segments in evidence.values():
        for one in segments.values():
            treated.append(one.treated)
            holdout.append(one.holdout)
    both = _lost_ratio([*treated, *holdout])
    return _Spread(
        treated=_lost_ratio(treated, both, SPREAD_SMOOTHING) / both,
        holdout=_lost_ratio(holdout, both, SPREAD_SMOOTHING) / both,
    )


def _see_segments(
    segments: Mapping[str, Evidence], spread: _Spread
) -> dict[str, _Seen]:
    """What the segments of a list show that have both arms."""
    tallies = []
    for one in segments.values():
        tallies += [one.treated, one.holdout]
    ratio = _lost_ratio(tallies)
    seen = {}
    for name in sorted(segments):
        one = segments[name]
        if one.says_something:
            treated, holdout = one.treated, one.holdout
            value = holdout.lost / holdout.foreseen - treated.lost / treated.foreseen
            by_holdout = ratio * spread.holdout / holdout.foreseen
            by_treated = ratio * spread.treated / treated.foreseen
            seen[name] = _Seen(value, by_holdout + by_treated)
    return seen


def _lost_ratio(
    tallies: Iterable[Tally], usual: float = 1.0, smoothing: float = SMOOTHING
) -> float:
    """How many were lost for one that was foreseen; near the usual while there are few."""
    lost, foreseen = usual * smoothing, smoothing
    for one in tallies:
        lost += one.lost
        foreseen += one.foreseen
    return lost / foreseen


def _average(parts: Sequence[_Seen], between: float) -> _Seen:
    """The estimate of what several parts scatter around, `between` their deviation from it."""
    precision = 0.0
    total = 0.0
    for part in parts:
        weight = 1 / (part.variance + between**2)
        precision += weight
        total += weight * part.value
    return _Seen(total / precision, 1 / precision)


def _find_width(parts: Sequence[_Seen], least: float) -> float:
    """By how much parts scatter beyond what chance does; never less than is assumed.

    The moment estimate of DerSimonian and Laird, Controlled Clinical Trials 7 (1986).
    """
    weights = [1 / part.variance for part in parts]
    total = sum(weights)
    if len(parts) < 2:
        return least
    mean = sum(w * part.value for w, part in zip(weights, parts, strict=True)) / total
    scatter = sum(
        w * (part.value - mean) ** 2 for w, part in zip(weights, parts, strict=True)
    )
    by_chance = len(parts) - 1
    scale = total - sum(w * w for w in weights) / total
    return max(least, math.sqrt(max(scatter - by_chance, 0.0) / scale))


def _find_common(gaps: Sequence[_Seen], between_lists: float) -> Belief:
    """By how much contacts do otherwise than the priors say, over all lists."""
    if not gaps:
        return Belief(0.0, ALL)
    whole = _average(gaps, between_lists)
    width = max(ALL**2, whole.value**2 - whole.variance)
    share = width / (width + whole.variance)
    return Belief(share * whole.value, math.sqrt(share * whole.variance))


def _update(above: Belief, between: float, seen: _Seen | None) -> Belief:
    """What is held of one that scatters around `above`, by what was seen of it.

    `above` may have learnt from the same: only what it leaves unknown is added.
    """
    if seen is None:
        return Belief(above.mean, math.hypot(above.deviation, between))
    share = between**2 / (between**2 + seen.variance)
    mean = share * seen.value + (1 - share) * above.mean
    variance = share * seen.variance + ((1 - share) * above.deviation) ** 2
    return Belief(mean, math.sqrt(variance))
