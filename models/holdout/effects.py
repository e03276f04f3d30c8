"""How far a contact lowers the risk of leaving: learnt from every hold-out, by list and segment.

What is learnt is a list's persuadability: the part of the risk of leaving that an order takes away.
A customer with that risk stays by risk x persuadability more likely; below nought, an order drives
customers away.

A segment's evidence is the difference of two ratios of leavers to leavers foreseen (the risks added
up):

    y = lost / foreseen (held out) - lost / foreseen (treated)
    v = d x (r x h / foreseen (held out) + r x t / foreseen (treated))

with r = (lost + 2) / (foreseen + 2) of the whole list, both arms, and h and t the ratio of one arm
of all lists to that of both: so a segment's weight does not hang on its own luck. Chance alone
parts the arms, so y is true on average however wrong the risks are.

Lines are counted, and lines of a customer may leave together, a group's by the dozen: then they are
fewer chances than lines. d, the design effect (Kish, Survey Sampling, 1965), is how many lines of
an order are lost where one is, itself counted: the squares of what each order lost over what was
lost. Leaving is rare, so the sum of squares is as good as the variance of the sum.

Where hardly a leaver is foreseen in an arm (LEAST_FORESEEN), one who left is a ratio of twenty or
more, and no normal law is near. Such segments of a list are added up, and count together once
enough are foreseen in them. How many were lost decides nothing there, so y stays true on average.

Behind it stand normal floors, and of each only what lies above is unknown:

    common    k      ~ N(1, ALL^2)             what contacts do for one that all priors say
    list      a_l    ~ N(k x prior_l, LIST^2)
    segment   b_ls   ~ N(a_l, SEGMENT^2)
    evidence  y_ls   ~ N(b_ls, v_ls)

The posterior is in closed form, up the tree and down again (Gelman and others, Bayesian Data
Analysis, section 5.4, with the variances between given). With little evidence it is the prior with
the prior's width; so it may be used from the first hold-out on. Where lists or segments scatter
more than the widths assumed, or all lists lie farther from their priors, the widths grow to what it
takes (moment estimates): a prior that is wrong does not hold out against data. That all priors are
too high is a factor and no difference: by itself it moves nobody before another.

Orders are planned by less than that. A mean that chance still moves would turn the order of the
customers round, so a prior stands until 99 % bounds exclude it, and then gives way to the nearest
value that they do not: first the factor of all, then a list's own, then a segment's (`planned`).
Trials showed why: planned by the means, a year of hold-outs at 20,000 lines chose worse than the
priors, and so it did where a prior that was excluded gave way to the mean at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

# Standard deviations, assumed. ALL is of what contacts do for one that the priors say: studies of
# retention campaigns found some that did nothing, and some that did harm. The others are of
# persuadability itself: priors lie between 0.1 and 0.5. So wide that the bounds hold harm of five
# times what a prior says too; orders do not wait for it, since they are planned by what excludes a
# prior.
ALL, LIST, SEGMENT = 2.5, 0.3, 0.15
SMOOTHING = 2.0  # of a list's ratio, in lines lost
SPREAD_SMOOTHING = 10.0  # of an arm's: few lost by chance must not look certain
DESIGN_EFFECT = 2.0  # lines lost where one is, assumed until some were lost
DESIGN_EFFECT_SMOOTHING = 10.0  # of that, in lines lost
LEAST_FORESEEN = 0.5  # leavers, in either arm
Z = 1.96  # of 95 % bounds
Z_SURE = 2.58  # of 99 % bounds, which a prior gives way to
WHOLE_LIST = "all"  # in the place of a segment: a list over all of them


@dataclass(frozen=True)
class Tally:
    """Lines of one arm of a segment: how many were lost, and how many were foreseen to be.

    `lost_squares` adds up the squares of how many lines each order lost.
    """

    lost: int = 0
    foreseen: float = 0.0
    lost_squares: int = 0

    def add(self, other: Tally) -> Tally:
        """Return both together."""
        return Tally(
            self.lost + other.lost,
            self.foreseen + other.foreseen,
            self.lost_squares + other.lost_squares,
        )


@dataclass(frozen=True)
class Evidence:
    """What a segment's two arms came to."""

    treated: Tally
    holdout: Tally

    def add(self, other: Evidence) -> Evidence:
        """Return both together."""
        return Evidence(
            self.treated.add(other.treated), self.holdout.add(other.holdout)
        )

    @property
    def says_something(self) -> bool:
        """Whether enough leavers are foreseen in both arms."""
        return min(self.treated.foreseen, self.holdout.foreseen) >= LEAST_FORESEEN


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

    def confine(self, value: float) -> float:
        """The value within the 99 % interval that is nearest to one held so far."""
        reach = Z_SURE * self.deviation
        return min(max(value, self.mean - reach), self.mean + reach)


@dataclass(frozen=True)
class ListBelief:
    """What is held of a list, and of each of its segments that shows something by itself.

    `like_it` is held of lists with its prior, by what all lists show; `planned` is what orders of
    the list are planned by. `is_seen` says that anything was seen of the list itself.
    """

    is_seen: bool
    like_it: Belief
    whole: Belief
    segments: Mapping[str, Belief]
    planned: float

    def plan_segment(self, segment: str) -> float:
        """What orders of a segment are planned by."""
        if segment not in self.segments:
            return self.planned
        return self.segments[segment].confine(self.planned)

    @property
    def is_harmful(self) -> bool:
        """Whether its orders drive customers away.

        Shown of the list, by its 99 % bounds, for many lists are looked at every month; or shown of
        all lists together and likely of this one.
        """
        if not self.is_seen:
            return False
        is_shown = self.whole.confine(0.0) < 0
        return is_shown or (self.like_it.high < 0 and self.whole.mean < 0)


@dataclass(frozen=True)
class _Seen:
    """An unbiased estimate with its variance, of as good as so many equal parts together."""

    value: float
    variance: float
    parts: float = 1.0


class _ListSeen(NamedTuple):
    """What is seen of a list: segment by segment, and of those with few leavers together."""

    segments: Mapping[str, _Seen]
    few: _Seen | None

    @property
    def parts(self) -> list[_Seen]:
        """All of them."""
        parts = list(self.segments.values())
        if self.few is not None:
            parts.append(self.few)
        return parts


def learn_effects(
    priors: Mapping[str, float], evidence: Mapping[str, Mapping[str, Evidence]]
) -> dict[str, ListBelief]:
    """Return what is held of every list of `priors`; `evidence` is by list and segment."""
    spread = _find_spread(evidence)
    seen = {}
    for name in sorted(priors):
        seen[name] = _see_segments(evidence.get(name, {}), spread)
    widths, lists = {}, {}
    for name, of_list in seen.items():
        widths[name] = _find_width(list(of_list.segments.values()), SEGMENT)
        if of_list.parts:
            lists[name] = _average(of_list.parts, widths[name])

    between_lists = _find_width_of_lists(priors, lists)
    common = _find_common(priors, lists, between_lists)
    factor = common.confine(1.0)
    found = {}
    for name, of_list in seen.items():
        prior = priors[name]
        like_it = Belief(prior * common.mean, abs(prior) * common.deviation)
        whole = _update(like_it, between_lists, lists.get(name))
        by_segment = {}
        for segment, one in of_list.segments.items():
            by_segment[segment] = _update(whole, widths[name], one)
        planned = whole.confine(factor * prior)
        found[name] = ListBelief(name in lists, like_it, whole, by_segment, planned)
    return found


class _Spread(NamedTuple):
    """How many more or fewer than over both arms are lost in each, over all lists.

    `design_effect` is how many lines of an order are lost where one is.
    """

    treated: float
    holdout: float
    design_effect: float


def _find_spread(evidence: Mapping[str, Mapping[str, Evidence]]) -> _Spread:
    treated: list[Tally] = []
    holdout: list[Tally] = []
    for segments in evidence.values():
        for one in segments.values():
            treated.append(one.treated)
            holdout.append(one.holdout)
    both = find_lost_ratio([*treated, *holdout])
    return _Spread(
        treated=find_lost_ratio(treated, both, SPREAD_SMOOTHING) / both,
        holdout=find_lost_ratio(holdout, both, SPREAD_SMOOTHING) / both,
        design_effect=find_design_effect([*treated, *holdout], DESIGN_EFFECT),
    )


def _see_segments(segments: Mapping[str, Evidence], spread: _Spread) -> _ListSeen:
    """What a list's segments show; those with few leavers foreseen show something together."""
    few = Evidence(Tally(), Tally())
    enough = {}
    sizes = []
    for name in sorted(segments):
        if segments[name].says_something:
            enough[name] = segments[name]
        else:
            few = few.add(segments[name])
            sizes.append(segments[name].treated.foreseen)

    tallies = [few.treated, few.holdout]
    for one in enough.values():
        tallies += [one.treated, one.holdout]
    ratio = find_lost_ratio(tallies)
    of_list = find_design_effect(tallies, spread.design_effect)
    spread = spread._replace(design_effect=of_list)
    seen = {name: _see(one, ratio, spread) for name, one in enough.items()}
    together = None
    if few.says_something:
        equal_parts = sum(sizes) ** 2 / sum(size**2 for size in sizes)
        together = replace(_see(few, ratio, spread), parts=equal_parts)
    return _ListSeen(seen, together)


def _see(one: Evidence, ratio: float, spread: _Spread) -> _Seen:
    """What two arms show, where so many are lost of those foreseen on the list."""
    treated, holdout = one.treated, one.holdout
    value = holdout.lost / holdout.foreseen - treated.lost / treated.foreseen
    by_holdout = ratio * spread.holdout / holdout.foreseen
    by_treated = ratio * spread.treated / treated.foreseen
    return _Seen(value, spread.design_effect * (by_holdout + by_treated))


def find_lost_ratio(
    tallies: Iterable[Tally], usual: float = 1.0, smoothing: float = SMOOTHING
) -> float:
    """How many were lost for one that was foreseen; near the usual while there are few."""
    lost, foreseen = usual * smoothing, smoothing
    for one in tallies:
        lost += one.lost
        foreseen += one.foreseen
    return lost / foreseen


def find_design_effect(tallies: Iterable[Tally], usual: float) -> float:
    """How many lines of an order are lost where one is; near the usual while there are few."""
    squares, lost = usual * DESIGN_EFFECT_SMOOTHING, DESIGN_EFFECT_SMOOTHING
    for one in tallies:
        squares += one.lost_squares
        lost += one.lost
    return squares / lost


def _average(parts: Sequence[_Seen], between: float) -> _Seen:
    """The estimate of what several parts scatter around, `between` their deviation from it."""
    precision = 0.0
    total = 0.0
    for part in parts:
        weight = 1 / (part.variance + between**2 / part.parts)
        precision += weight
        total += weight * part.value
    return _Seen(total / precision, 1 / precision)


def _find_width(parts: Sequence[_Seen], least: float) -> float:
    """By how much parts scatter beyond what chance does; never less than is assumed.

    The moment estimate of DerSimonian and Laird, Controlled Clinical Trials 7 (1986).
    """
    if len(parts) < 2:
        return least
    total = sum(1 / part.variance for part in parts)
    mean = sum(part.value / part.variance for part in parts) / total
    scatter = sum((part.value - mean) ** 2 / part.variance for part in parts)
    by_chance = len(parts) - 1
    scale = total - sum(1 / part.variance**2 for part in parts) / total
    return max(least, math.sqrt(max(scatter - by_chance, 0.0) / scale))


def _find_width_of_lists(
    priors: Mapping[str, float], lists: Mapping[str, _Seen]
) -> float:
    """By how much lists scatter around what the priors say, times the factor of all."""
    factor = _find_factor(priors, lists, LIST)
    if factor is None:
        return LIST
    gaps = []
    for name, one in lists.items():
        gap = one.value - factor.value * priors[name]
        gaps.append(_Seen(gap, one.variance))
    return _find_width(gaps, LIST)


def _find_common(
    priors: Mapping[str, float], lists: Mapping[str, _Seen], between_lists: float
) -> Belief:
    """What contacts do for one that the priors say, over all lists."""
    factor = _find_factor(priors, lists, between_lists)
    if factor is None:
        return Belief(1.0, ALL)
    off = factor.value - 1
    width = max(ALL**2, off**2 - factor.variance)
    share = width / (width + factor.variance)
    return Belief(1 + share * off, math.sqrt(share * factor.variance))


def _find_factor(
    priors: Mapping[str, float], lists: Mapping[str, _Seen], between_lists: float
) -> _Seen | None:
    """What is seen of lists for one that their priors say; None where nothing is."""
    precision = 0.0
    total = 0.0
    for name, one in lists.items():
        weight = priors[name] / (one.variance + between_lists**2)
        precision += weight * priors[name]
        total += weight * one.value
    if not precision:
        return None
    return _Seen(total / precision, 1 / precision)


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
