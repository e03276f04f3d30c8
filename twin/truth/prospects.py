"""Say how long each line will stay, on average: the year after the next month, lived by the twin's own rules on many paths.

Nobody leaves on a path. Moods, sleep, contracts and promotions take their course, and the hazards they make are
multiplied up. Paths have the same draws for a line in either state, so that what a state changes is not luck.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from twin.codes import ACTIVE, NONE, SUSPENDED_REQUEST
from twin.months import season_of, span_of
from twin.working_days import working_day
from twin.world import life
from twin.world.rows import Array
from twin.world.state import Happenings, World
from twin.world.usage import doze_and_wake

MONTHS = 12  # of revenue, the next month among them
PATHS = 16
YEAR = 365  # days

# What the next month does to lines, all of a kind, before their moods drift.
Change = Callable[[World], None]


@dataclass(frozen=True)
class Prospects:
    """Hold by line the months of revenue there are to lose in a year, and those that a contact adds.

    `renewal` is what a contract or promotion prolonged next month adds, times the chance that a contact brings it about
    by the day it ends; `renewal_days` is that day, NONE where nothing ends. `waking` is the same of a line asleep.
    """

    months: Array
    renewal: Array
    renewal_days: Array
    waking: Array


def foresee(world: World) -> Prospects:
    """Return what there is to lose and to add in the year that begins after the world's month."""
    services = world.services
    following = span_of(world.span.number + 1)
    living = np.isin(services.status, (ACTIVE, SUSPENDED_REQUEST))
    lines = np.flatnonzero(living)
    size = len(services)
    months, renewal, waking = np.zeros(size), np.zeros(size), np.zeros(size)
    renewal_days = np.full(size, NONE)
    months[lines] = _count_months(world, lines, _take_course)

    config = world.config
    ends_now = living & (services.contract_end >= following.first)
    ends_now &= services.contract_end <= following.last
    ends_soon = living & (services.contract_end > following.last)
    ends_soon &= services.contract_end <= _last_listed(world)
    promoted = living & ~ends_now & ~ends_soon
    promoted &= services.promotion_end >= following.first
    promoted &= services.promotion_end <= following.last
    alone = config.renewal_rate * np.exp(-services.mood)
    for ends, chance, before, after in (
        (ends_now, 1 - alone, _let_end, _renew),
        (ends_soon, np.ones(size), _take_course, _renew),
        (promoted, np.ones(size), _take_course, _prolong),
    ):
        lines = np.flatnonzero(ends)
        more = _count_months(world, lines, after) - _count_months(world, lines, before)
        renewal[lines] = config.renewal_lift * chance[lines] * more
        day = services.promotion_end if ends is promoted else services.contract_end
        renewal_days[lines] = day[lines]

    lines = np.flatnonzero(living & services.dozing)
    more = _count_months(world, lines, _wake) - _count_months(world, lines, _sleep)
    waking[lines] = config.wake_lift * (1 - config.wake_rate) * more
    return Prospects(months, renewal, renewal_days, waking)


def _last_listed(world: World) -> int:
    """The last end that orders of the next month are about."""
    later = span_of(world.span.number + 2)
    dispatch = working_day(later, world.config.dispatch_working_day)
    return dispatch + life.LISTED_AHEAD_DAYS


def _count_months(world: World, lines: Array, change: Change) -> Array:
    """Count the months in which each line is there to be billed, if it is there at the end of the next month."""
    total = np.zeros(len(lines))
    if len(lines):
        for path in range(PATHS):
            total += _follow_path(world, lines, change, path)
    return total / PATHS


def _follow_path(world: World, lines: Array, change: Change, path: int) -> Array:
    """Live the next month, changed, and those after it; return the months weighed by the chance to be there."""
    shadow = replace(
        world,
        seed=path,
        services=world.services.take(lines),
        contacts=None,
        happened=Happenings(),
    )
    stays = np.ones(len(lines))
    months = np.ones(len(lines))
    for ahead in range(1, MONTHS):
        shadow.span = span_of(world.span.number + ahead)
        shadow.season = season_of(shadow.span)
        step = change if ahead == 1 else _take_course
        step(shadow)
        life.end_promotions(shadow)
        life.drift_mood(shadow)
        life.decide_fate(shadow, calibrate=False)
        stays *= 1 - shadow.services.voluntary_hazard
        months += stays
    return months


def _take_course(shadow: World) -> None:
    doze_and_wake(shadow)
    life.renew_contracts(shadow)


def _renew(shadow: World) -> None:
    doze_and_wake(shadow)
    shadow.services.contract_end += YEAR
    shadow.services.mood *= life.MOOD_RENEWED


def _let_end(shadow: World) -> None:
    doze_and_wake(shadow)
    shadow.services.mood += life.MOOD_ENDED


def _prolong(shadow: World) -> None:
    _take_course(shadow)
    shadow.services.promotion_end += YEAR


def _wake(shadow: World) -> None:
    life.renew_contracts(shadow)
    shadow.services.dozing[:] = False


def _sleep(shadow: World) -> None:
    life.renew_contracts(shadow)
