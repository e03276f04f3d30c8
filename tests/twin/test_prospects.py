"""What a year holds for a line is what lines live, and what a renewal or a waking adds to it."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

from twin import TwinConfig
from twin.codes import NONE
from twin.diary import Request
from twin.generate import begin, live_month
from twin.months import span_of
from twin.truth.prospects import MONTHS, foresee
from twin.world.rows import Array
from twin.world.state import World, in_net, stream

TURNS = 8
ERRORS = 4.5  # standard errors of the mean over the years lived
# Lines leave of their own will or not at all, and much.
CONFIG = TwinConfig(
    voluntary_rate=0.08,
    pre_terminated_share=0.0,
    termination_rate=0.0,
    request_stop_rate=0.0,
    number_change_rate=0.0,
    transfer_rate=0.0,
    pay_current=((1.0, 0.0),) * 4,
    bounce_rate=0.0,
    top_up_rate=1.0,
    doze_rate=0.05,
)


@pytest.fixture(scope="module")
def world() -> World:
    """An operator on the eve of a year."""
    request = Request(services=500, months=1, seed=5, through="2026-07", config=CONFIG)
    return begin(request, 679)


def live_a_year(world: World, size: int) -> tuple[Array, Array]:
    """Which of the first lines are there after a month, and in how many months of the year."""
    world = deepcopy(world)
    months = np.zeros(size)
    is_there = np.zeros(size, bool)
    for ahead in range(MONTHS):
        live_month(world, world.span.number + 1)
        present = in_net(world.services)[:size]
        months += present
        if ahead == 0:
            is_there = present
    return is_there, months


def test_prospects_are_the_mean_of_lived_years(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    months = foresee(world).months
    known = np.flatnonzero(months)
    gaps = []
    for turn in range(TURNS):
        monkeypatch.setattr(
            World,
            "random",
            lambda self, purpose, turn=turn: stream(
                self.seed + 1000 * (turn + 1), self.span.number, purpose
            ),
        )
        is_there, lived = live_a_year(world, len(months))
        here = known[is_there[known]]
        gaps.append((lived[here] - months[here]).sum())
    error = np.std(gaps, ddof=1) / np.sqrt(TURNS)
    assert abs(np.mean(gaps)) <= ERRORS * error


def test_a_renewal_adds_where_a_contract_or_a_promotion_ends(world: World) -> None:
    found, services = foresee(world), world.services
    following = span_of(world.span.number + 1)
    ends = services.contract_end >= following.first
    ends &= (services.contract_end <= following.last) & (found.months > 0)
    assert ends.any()
    assert (found.renewal[ends] > 0).all()
    assert (found.renewal_days[ends] == services.contract_end[ends]).all()
    nothing_ends = found.renewal_days == NONE
    assert nothing_ends.any() and not found.renewal[nothing_ends].any()


def test_waking_adds_to_lines_that_sleep(world: World) -> None:
    found = foresee(world)
    asleep = world.services.dozing & (found.months > 0)
    assert asleep.any() and (found.waking[asleep] > 0).all()
    assert not found.waking[~asleep].any()


def test_foreseeing_changes_nothing(world: World) -> None:
    before = deepcopy(world)
    foresee(world)
    assert world.span == before.span
    for name in ("mood", "contract_end", "dozing", "voluntary_hazard"):
        assert np.array_equal(
            getattr(world.services, name), getattr(before.services, name)
        )
