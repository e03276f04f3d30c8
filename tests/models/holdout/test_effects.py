"""What is learnt of a contact: the prior at first, what happened at last, and bounds that hold in between."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.effects_learnt import LISTS, WORLDS, live_history
from models.holdout.effects import (
    ALL,
    DESIGN_EFFECT,
    LIST,
    SEGMENT,
    Z_SURE,
    Belief,
    Evidence,
    Tally,
    learn_effects,
)

PRIORS = {"call": 0.2, "mail": 0.1}


def evidence(
    treated: tuple[int, float],
    holdout: tuple[int, float],
    together: float = DESIGN_EFFECT,
) -> Evidence:
    """Two arms of (lost, foreseen); where a line of an order was lost, so many were."""
    arms = []
    for lost, foreseen in (treated, holdout):
        arms.append(Tally(lost, foreseen, round(lost * together)))
    return Evidence(*arms)


def test_before_any_evidence_it_is_the_prior_with_its_width() -> None:
    found = learn_effects(PRIORS, {})
    assert found["call"].whole.mean == 0.2 and found["mail"].whole.mean == 0.1
    assert found["call"].whole.deviation == pytest.approx(math.hypot(0.2 * ALL, LIST))
    assert found["call"].segments == {} and not found["call"].is_harmful


def test_an_empty_arm_says_nothing() -> None:
    one = {"call": {"new": evidence((5, 4.0), (0, 0.0))}}
    assert learn_effects(PRIORS, one) == learn_effects(PRIORS, {})


def test_one_who_left_where_hardly_any_was_foreseen_shows_nothing() -> None:
    few = {"call": {"new": evidence((1, 0.04), (0, 0.5))}}
    assert learn_effects(PRIORS, few) == learn_effects(PRIORS, {})
    many = {"call": {"new": evidence((900, 800.0), (0, 0.49))}}
    assert learn_effects(PRIORS, many) == learn_effects(PRIORS, {})


def test_segments_with_few_foreseen_show_something_together() -> None:
    """As one would of which the list's mean is known as well as by all of them."""
    apart = {str(n): evidence((n, float(n)), (n % 2, 0.4)) for n in range(1, 6)}
    held = learn_effects(PRIORS, {"call": apart})["call"]
    assert held.segments == {} and held.plan_segment("1") == held.planned
    # Three in the hold-out where two were foreseen, fifteen of fifteen of the treated.
    seen = 3 / 2.0 - 15 / 15.0
    ratio = over_all = (18 + 2) / (17 + 2)
    by_treated = (15 + 10 * over_all) / (15 + 10) / over_all
    by_holdout = (3 + 10 * over_all) / (2 + 10) / over_all
    equal_parts = 15**2 / (1 + 4 + 9 + 16 + 25)
    by_chance = DESIGN_EFFECT * ratio * (by_holdout / 2.0 + by_treated / 15.0)
    variance = by_chance + SEGMENT**2 / equal_parts
    above = (0.2 * ALL) ** 2 + LIST**2
    share = above / (above + variance)
    assert held.whole.mean == pytest.approx(0.2 + share * (seen - 0.2))
    assert held.whole.deviation == pytest.approx(math.sqrt(share * variance))


@pytest.mark.parametrize("treated_lost", [(500, 1400), (500, 1000, 1400)])
def test_segments_that_scatter_more_than_assumed_are_held_wider(
    treated_lost: tuple[int, ...],
) -> None:
    """By DerSimonian and Laird's moments; the list and its segments follow from that width."""
    segments = {
        str(lost): evidence((lost, 1000.0), (1000, 1000.0)) for lost in treated_lost
    }
    held = learn_effects(PRIORS, {"call": segments})["call"]
    count = len(treated_lost)
    all_treated, all_holdout = sum(treated_lost), 1000 * count
    foreseen = 1000 * count
    both = (all_treated + all_holdout + 2) / (2 * foreseen + 2)
    by_treated = (all_treated + 10 * both) / (foreseen + 10) / both
    by_holdout = (all_holdout + 10 * both) / (foreseen + 10) / both
    # In each segment alike.
    chance = DESIGN_EFFECT * both * (by_treated + by_holdout) / 1000
    seen = np.array([1 - lost / 1000 for lost in treated_lost])
    width = seen.var(ddof=1) - chance
    assert width > SEGMENT**2

    above = 1 / ((0.2 * ALL) ** 2 + LIST**2)
    below = count / (chance + width)
    assert held.whole.deviation == pytest.approx(1 / math.sqrt(above + below))
    mean = (above * 0.2 + below * seen.mean()) / (above + below)
    assert held.whole.mean == pytest.approx(mean)
    share = width / (width + chance)
    for name, value in zip(segments, seen, strict=True):
        of_segment = share * value + (1 - share) * mean
        assert held.segments[name].mean == pytest.approx(of_segment)


def test_lists_that_scatter_more_than_assumed_hold_one_that_was_never_asked_wider() -> (
    None
):
    """By the same moments, of how far each lies from what its prior and the factor of all say."""
    much = 1_000_000
    seen = {
        "call": {"new": evidence((much // 10, much), (much, much))},
        "mail": {"new": evidence((much * 19 // 10, much), (much, much))},
    }
    visit = learn_effects({**PRIORS, "visit": 0.1}, seen)["visit"]
    factor = (0.2 * 0.9 - 0.1 * 0.9) / (0.2**2 + 0.1**2)
    gaps = np.array([0.9 - 0.2 * factor, -0.9 - 0.1 * factor])
    width = math.sqrt(gaps.var(ddof=1) - SEGMENT**2)
    deviation = math.hypot(visit.like_it.deviation, width)
    assert not visit.is_seen
    assert visit.whole.deviation == pytest.approx(deviation, rel=1e-4)


def test_lines_that_leave_together_are_fewer_chances() -> None:
    """By the squares of the list itself, and by those of all lists where few were lost."""
    seen = {
        "call": {"new": evidence((20, 20.0), (5, 5.0), together=6)},
        "mail": {"new": evidence((50, 50.0), (15, 15.0), together=1)},
    }
    held = learn_effects({"call": 0.2}, seen)["call"]
    of_all = (10 * DESIGN_EFFECT + 25 * 6 + 65) / (10 + 25 + 65)
    of_call = (10 * of_all + 25 * 6) / (10 + 25)
    variance = of_call * (1 / 20.0 + 1 / 5.0) + SEGMENT**2
    above = (0.2 * ALL) ** 2 + LIST**2
    share = above / (above + variance)
    assert held.whole.deviation == pytest.approx(math.sqrt(share * variance))


def test_the_posterior_is_that_of_the_floors_worked_out_at_once() -> None:
    """The tree's formulas against the joint normal distribution of all its unknowns."""
    seen = {
        "call": {
            "new": evidence((40, 50.0), (6, 5.0)),
            "old": evidence((90, 95.0), (9, 10.0)),
        },
        "mail": {"new": evidence((20, 20.0), (3, 2.5))},
    }
    found = learn_effects(PRIORS, seen)
    cells = [("call", "new"), ("call", "old"), ("mail", "new")]
    values, variances = [], []
    tallies = [seen[name][segment] for name, segment in cells]
    total = [one.treated for one in tallies] + [one.holdout for one in tallies]

    def ratio(parts: list[Tally]) -> float:
        lost = sum(part.lost for part in parts) + 2
        return lost / (sum(part.foreseen for part in parts) + 2)

    def spread(parts: list[Tally]) -> float:
        lost = sum(part.lost for part in parts) + 10 * ratio(total)
        return lost / (sum(part.foreseen for part in parts) + 10) / ratio(total)

    treated = spread([one.treated for one in tallies])
    holdout = spread([one.holdout for one in tallies])
    for (name, _), one in zip(cells, tallies, strict=True):
        of_list = ratio(
            [
                arm
                for each in seen[name].values()
                for arm in (each.treated, each.holdout)
            ]
        )
        t, h = one.treated, one.holdout
        values.append(h.lost / h.foreseen - t.lost / t.foreseen)
        by_chance = of_list * (holdout / h.foreseen + treated / t.foreseen)
        variances.append(DESIGN_EFFECT * by_chance)

    # Unknowns: k - 1, call, mail, the three segments.
    load = np.array([[0.2, 1, 0, 1, 0, 0], [0.2, 1, 0, 0, 1, 0], [0.1, 0, 1, 0, 0, 1]])
    prior = np.diag([ALL**2, LIST**2, LIST**2, *[SEGMENT**2] * 3])
    off = np.array(values) - np.array([0.2, 0.2, 0.1])
    gain = prior @ load.T @ np.linalg.inv(load @ prior @ load.T + np.diag(variances))
    mean, left = gain @ off, prior - gain @ load @ prior
    whole = np.array([0.2, 1, 0, 0, 0, 0])
    assert found["call"].whole.mean == pytest.approx(0.2 + whole @ mean)
    assert found["call"].whole.deviation == pytest.approx(
        math.sqrt(whole @ left @ whole)
    )
    for (name, segment), row in zip(cells, load, strict=True):
        held = found[name].segments[segment]
        assert held.mean == pytest.approx(PRIORS[name] + row @ mean)
        assert held.deviation == pytest.approx(math.sqrt(row @ left @ row))


def test_much_evidence_overrides_the_prior() -> None:
    much = {"call": {"new": evidence((30_000, 20_000.0), (20_000, 20_000.0))}}
    held = learn_effects(PRIORS, much)["call"]
    assert held.whole.mean == pytest.approx(-0.5, abs=0.05) and held.is_harmful
    assert held.segments["new"].low < -0.5 < held.segments["new"].high


def test_harm_is_shown_by_the_bounds_of_a_list() -> None:
    """Of the list itself: what one list does says nothing for sure of one that nobody was asked of."""
    some = {"call": {"new": evidence((200, 100.0), (25, 25.0))}}
    held = learn_effects(PRIORS, some)["call"]
    assert held.whole.high < 0 < held.whole.mean + Z_SURE * held.whole.deviation
    assert held.like_it.high > 0 and not held.is_harmful

    many = {"call": {"new": evidence((600, 200.0), (25, 25.0))}}
    found = learn_effects(PRIORS, many)
    assert found["call"].is_harmful and found["mail"].like_it.high < 0
    assert not found["mail"].is_harmful
    both = {**many, "mail": {"new": evidence((6, 5.0), (1, 1.0))}}
    assert learn_effects(PRIORS, both)["mail"].is_harmful


def test_a_prior_far_off_does_not_hold_out_against_data() -> None:
    """The width of what all lists have in common grows with the distance."""
    far = {name: {"new": evidence((600, 200.0), (25, 25.0))} for name in PRIORS}
    found = learn_effects(PRIORS, far)
    assert found["call"].whole.mean < -1.2
    assert found["mail"].like_it.high < 0


def test_orders_are_planned_by_the_prior_until_it_is_excluded() -> None:
    """And by what excludes it: all lists alike, a list, or a segment of it."""
    little = {"call": {"new": evidence((9, 10.0), (1, 1.0))}}
    held = learn_effects(PRIORS, little)["call"]
    assert held.whole.mean != 0.2
    assert held.planned == held.plan_segment("new") == held.plan_segment("old") == 0.2

    harm = {name: {"new": evidence((600, 200.0), (25, 25.0))} for name in PRIORS}
    found = learn_effects(PRIORS, harm)
    assert found["call"].planned < found["mail"].planned < 0

    parted = {
        "call": {
            "new": evidence((5_000, 1e4), (5_000, 5_000.0)),
            "old": evidence((9_900, 1e4), (5_000, 5_000.0)),
        }
    }
    held = learn_effects(PRIORS, parted)["call"]
    new, old = held.segments["new"], held.segments["old"]
    assert held.planned == 0.2 < new.mean and old.mean < 0.1
    # No farther than the nearest value that 99 % bounds hold.
    assert held.plan_segment("new") == new.mean - Z_SURE * new.deviation > 0.3
    assert held.plan_segment("old") == old.mean + Z_SURE * old.deviation < 0.1


def test_bounds_are_a_mean_and_its_deviation() -> None:
    held = Belief(0.1, 0.05)
    assert (held.low, held.high) == pytest.approx((0.002, 0.198))


@pytest.mark.parametrize("world", WORLDS)
def test_bounds_cover_what_is_true(world: str) -> None:
    """A few histories of a year; the benchmark has two hundred."""
    looks = [
        look
        for number in range(6)
        for of_month, _ in live_history(WORLDS[world], number, months=12, scale=2.0)
        for look in of_month
    ]
    covered = sum(look.is_covered for look in looks) / len(looks)
    assert {look.list for look in looks} == set(LISTS)
    assert covered >= 0.85, covered
