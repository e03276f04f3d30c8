"""Let lines be used: habit, season and mood; falling use and rising off-net minutes come before leaving."""

import numpy as np

from twin.codes import ACTIVE, BROADBAND, FIXED_LINE, MOBILE, PRIVATE_LINE, ZERO_LISTS
from twin.world.contact import (
    find_lifts,
    fork,
    has_order,
    lift_by_offer,
    raised,
)
from twin.world.rows import Array, Usage
from twin.world.state import World, listed

MOST_MINUTES = 30_000
FADE = 0.9  # use falls by e to the power of -FADE x mood
DRIFT_OFF_NET = 0.30  # a moody customer's calls go where he is going
ZERO_ROW_SHARE = 0.6  # of unused lines, that have a row of zeros; the others have none


def use_lines(world: World) -> None:
    """Record the month's usage and let lines doze off or wake."""
    doze_and_wake(world)
    services = world.services
    rng = world.random("usage")
    index = np.flatnonzero(listed(world) & (services.kind != PRIVATE_LINE))
    share = _share_of_month(world, index)
    minutes = rng.poisson(_expected_minutes(world, index, share, rng))
    minutes = np.minimum(minutes, MOST_MINUTES)
    megabytes = _draw_megabytes(world, index, share, rng)
    messages = rng.poisson(np.where(services.kind[index] == MOBILE, 6 * share, 0))
    messages = np.where(services.dozing[index], 0, messages)
    off_net = rng.binomial(
        minutes,
        np.clip(
            services.off_net[index] + DRIFT_OFF_NET * services.mood[index], 0, 0.97
        ),
    )
    calls = (minutes + 1) // 2
    active_days, last = _draw_days(
        world, index, share, minutes + messages + megabytes > 0, rng
    )
    kept = (active_days > 0) | (rng.random(len(index)) < ZERO_ROW_SHARE)
    world.happened.usage = Usage(
        index, calls, minutes, messages, megabytes, off_net, active_days, last
    ).take(kept)


def doze_and_wake(world: World) -> None:
    """Let some lines fall asleep and others wake, those asked about it sooner."""
    services, rng, config = world.services, world.random("doze"), world.config
    draw = rng.random(len(services))
    asked = has_order(world, ZERO_LISTS)[services.customer]
    lift = lift_by_offer(config.wake_lift, find_lifts(world)[services.customer])
    talked_to = services.dozing & (draw < raised(config.wake_rate, lift, asked))
    wakes = fork(
        world,
        "wakes",
        services.dozing & (draw < config.wake_rate),
        talked_to,
        services.customer,
    )
    dozes = ~services.dozing & (draw > 1 - config.doze_rate) & (services.kind == MOBILE)
    services.dozing = (services.dozing & ~wakes) | dozes


def _share_of_month(world: World, index: Array) -> Array:
    """Give the share of the month a line could be used; nothing once it is stopped, ended or not yet there."""
    services, span = world.services, world.span
    begin = np.maximum(services.activated_on[index], span.first)
    changed = services.since[index]
    closed = services.status[index] != ACTIVE
    end = np.where(closed, np.minimum(changed, span.last + 1), span.last + 1)
    return np.asarray(np.clip(end - begin, 0, None) / span.days)


def _expected_minutes(
    world: World, index: Array, share: Array, rng: np.random.Generator
) -> Array:
    services = world.services
    asleep = services.dozing[index] | services.silent[index]
    level = (
        services.minutes[index]
        * np.exp(-FADE * services.mood[index])
        * world.season.voice
    )
    return np.where(asleep, 0.0, level * share * rng.gamma(8, 1 / 8, len(index)))


def _draw_megabytes(
    world: World, index: Array, share: Array, rng: np.random.Generator
) -> Array:
    services = world.services
    level = (
        services.megabytes[index]
        * np.exp(-FADE * services.mood[index])
        * world.season.data
    )
    drawn = level * share * rng.gamma(6, 1 / 6, len(index))
    asleep = services.dozing[index] & (services.kind[index] != BROADBAND)
    return np.where(asleep, 0, drawn).astype(np.int64)


def _draw_days(
    world: World, index: Array, share: Array, used: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Draw days in use and the last of them; none where nothing was used."""
    services, span = world.services, world.span
    possible = np.maximum(1, np.round(share * span.days)).astype(np.int64)
    keen = np.where(services.kind[index] == FIXED_LINE, 0.45, 0.88) * np.exp(
        -0.5 * services.mood[index]
    )
    days = np.where(
        used, np.maximum(1, rng.binomial(possible, np.clip(keen, 0.02, 1))), 0
    )
    begin = np.maximum(services.activated_on[index], span.first)
    last = np.maximum(
        begin + possible - 1 - rng.poisson(2 * (1 - days / possible)), begin
    )
    return days, np.where(used, last, -1)
