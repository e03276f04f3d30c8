"""Let lines live: contracts, promotions, plans, mood, and the hazards of leaving in the next month."""

import numpy as np

from twin.codes import (
    ACTIVE,
    ARREARS,
    BY_ARREARS,
    BY_REQUEST,
    DISMANTLE_REQUEST,
    DISMANTLED,
    MOBILE,
    NONE,
    OTHER,
    PORT_OUT,
    PRE_TERMINATED,
    RELOCATION,
    REQUEST_ENDED,
    RETAINED,
    SAVE_LISTS,
    SUSPENDED_ARREARS,
    SUSPENDED_REQUEST,
    TERMINATED,
    VOLUNTARY,
)
from twin.months import first_day, span_of
from twin.working_days import working_day
from twin.world import plans
from twin.world.contact import (
    contact_days,
    factors,
    find_lifts,
    fork,
    has_order,
    heeds_reminder,
    lift_by_offer,
    raised,
)
from twin.world.rows import Array, PlanChanges
from twin.world.state import SECONDS, Fork, World, change_status, in_net

MOOD_MEMORY = 0.78
MOOD_RENEWED = 0.5  # the share of a mood that is left when a contract is renewed
MOOD_ENDED = 0.25  # what comes to it when one ends
CALIBRATION_STEPS = 40
LISTED_AHEAD_DAYS = 14  # after the next dispatch, of contracts that orders are about


def leave(world: World) -> None:
    """Carry out what was decided at the last cut-off, unless a contact turns it: dismantling, leaving, cut-offs."""
    services, rng = world.services, world.random("leave")
    waiting = services.status == PRE_TERMINATED
    stood = in_net(services)
    day = rng.integers(world.span.first, world.span.last + 1, len(services))
    hour = rng.integers(9 * 3600, 20 * 3600, len(services))
    leaving = _leave_or_stay(world, day)
    cut = _cut_or_spare(world, day)
    _finish_pre_terminated(world, waiting, day, hour)
    _note_who_stays(world, stood)
    asks_first = leaving & (
        rng.random(len(services)) < world.config.pre_terminated_share
    )
    index = np.flatnonzero(asks_first)
    change_status(
        world,
        index,
        PRE_TERMINATED,
        day[index] * SECONDS + hour[index],
        DISMANTLE_REQUEST,
    )
    index = np.flatnonzero(leaving & ~asks_first)
    terminate(
        world,
        index,
        _leaving_reasons(world, index, rng),
        day[index] * SECONDS + hour[index],
    )
    index = np.flatnonzero(cut)
    terminate(
        world, index, np.full(len(index), ARREARS), day[index] * SECONDS + hour[index]
    )


def _leave_or_stay(world: World, day: Array) -> Array:
    """Say who leaves; whom a contact drives away leaves the day after it. `day` is moved in place."""
    services = world.services
    free = np.isin(services.status, (ACTIVE, SUSPENDED_REQUEST))
    leaves = services.will_leave & free
    asked_on = contact_days(world)[services.customer]
    in_time = (asked_on != NONE) & ~(leaves & (day <= asked_on))
    talked_to = free & (
        services.fate < services.voluntary_hazard * factors(world, services.customer)
    )
    decided = fork(
        world, "leaves", leaves, np.where(in_time, talked_to, leaves), services.customer
    )
    driven = decided & ~leaves
    day[driven] = np.maximum(day, np.minimum(asked_on + 1, world.span.last))[driven]
    return decided


def _cut_or_spare(world: World, day: Array) -> Array:
    """Say who is cut off for arrears; who pays because he is reminded in time is spared."""
    services = world.services
    cut = services.will_be_cut & (services.status == SUSPENDED_ARREARS)
    in_time = contact_days(world)[services.customer] < day
    spared = cut & in_time & heeds_reminder(world)[services.customer]
    return fork(world, "cut", cut, cut & ~spared, services.customer)


def random_times(world: World, size: int, rng: np.random.Generator) -> Array:
    """Draw office hours of any day of the month, in local seconds since 1970."""
    days = world.span.first + rng.integers(0, world.span.days, size)
    return days * SECONDS + rng.integers(9 * 3600, 20 * 3600, size)


def terminate(world: World, index: Array, reasons: Array, at: Array) -> None:
    """End lines; `at` in local seconds since 1970."""
    services = world.services
    change_status(
        world,
        index,
        TERMINATED,
        at,
        BY_ARREARS if (reasons == ARREARS).all() else DISMANTLED,
    )
    services.terminated_on[index] = at // SECONDS
    services.reason[index] = reasons
    chance = world.random("unpaid end").random(len(services))[index]
    services.ends_unpaid[index] = chance < world.config.unpaid_end_share


def _finish_pre_terminated(
    world: World, waiting: Array, day: Array, hour: Array
) -> None:
    """End most of last month's requests to dismantle, take some back, leave some waiting."""
    services, config = world.services, world.config
    draw = world.random("dismantling").random(len(services))
    kept = waiting & (draw < config.saved_share)
    asked_on = contact_days(world)[services.customer]
    in_time = has_order(world, SAVE_LISTS)[services.customer] & (asked_on < day)
    talked_to = waiting & (draw < raised(config.saved_share, config.save_lift, in_time))
    saved = fork(world, "saved", kept, talked_to, services.customer)
    at = np.where(saved & ~kept, np.maximum(day, asked_on), day) * SECONDS + hour
    change_status(world, np.flatnonzero(saved), ACTIVE, at[saved], RETAINED)
    gone = np.flatnonzero(waiting & ~saved & (draw < 0.95))
    terminate(world, gone, np.full(len(gone), VOLUNTARY), at[gone])


def _note_who_stays(world: World, stood: Array) -> None:
    """Note whose line is in the network at the next cut-off, without a contact and with one."""
    forks = world.happened.forks
    if forks:
        stays = [
            (stood & ~leaves & ~cut) | saved
            for leaves, cut, saved in zip(
                *(forks[aim].branches for aim in ("leaves", "cut", "saved")),
                strict=True,
            )
        ]
        fork(world, "stays", stays[0], stays[1], world.services.customer)


def _leaving_reasons(world: World, index: Array, rng: np.random.Generator) -> Array:
    draw, ports = rng.random(len(index)), world.config.port_out_share
    reasons = np.where(draw < 0.10, RELOCATION, np.where(draw < 0.14, OTHER, VOLUNTARY))
    mobile = world.services.kind[index] == MOBILE
    return np.where(mobile & (draw > 1 - ports), PORT_OUT, reasons)


def change_numbers(world: World) -> None:
    """Give some lines a new number: the old one ends, a new one replaces it."""
    services, rng, span = world.services, world.random("numbers"), world.span
    steady = (
        (services.status == ACTIVE)
        & (services.since < span.first)
        & (services.kind == MOBILE)
        & ~services.excluded
    )
    index = np.flatnonzero(
        steady & (rng.random(len(services)) < world.config.number_change_rate)
    )
    terminate(
        world, index, np.full(len(index), OTHER), random_times(world, len(index), rng)
    )
    heir = services.take(index)
    heir.status[:], heir.reason[:], heir.replaces = ACTIVE, NONE, index
    heir.activated_on = heir.since = services.terminated_on[index]
    heir.terminated_on = np.full(len(index), NONE)
    heir.contract_end[heir.contract_end <= heir.activated_on] = NONE
    lapsed = heir.promotion_end <= heir.activated_on
    heir.promotion_end[lapsed], heir.discount[lapsed] = NONE, 0
    heir.will_leave[:] = heir.ends_unpaid[:] = False
    services.append(heir)


def pause_on_request(world: World) -> None:
    """Suspend some lines because their owners ask for it, and bring others back."""
    services, rng, config = world.services, world.random("pause"), world.config
    draw, steady = rng.random(len(services)), services.since < world.span.first
    back = np.flatnonzero(
        (services.status == SUSPENDED_REQUEST)
        & steady
        & (draw < config.request_return_rate)
    )
    off = np.flatnonzero(
        (services.status == ACTIVE) & steady & (draw < config.request_stop_rate)
    )
    change_status(
        world, back, ACTIVE, random_times(world, len(back), rng), REQUEST_ENDED
    )
    change_status(
        world, off, SUSPENDED_REQUEST, random_times(world, len(off), rng), BY_REQUEST
    )


def renew_contracts(world: World) -> None:
    """Extend most of the contracts that end this month; those not extended grow restless."""
    services, rng, span, config = (
        world.services,
        world.random("renew"),
        world.span,
        world.config,
    )
    ends = (
        in_net(services)
        & (services.contract_end >= span.first)
        & (services.contract_end <= span.last)
    )
    chance = config.renewal_rate * np.exp(-services.mood)  # the restless sign less
    draw, term = (
        rng.random(len(services)),
        np.where(rng.random(len(services)) < 0.7, 365, 730),
    )
    asked_on = contact_days(world)[services.customer]
    in_time = has_order(world, ("renewal",))[services.customer] & (
        asked_on <= services.contract_end
    )
    lift = _renewal_lift(world)
    talked_to = ends & (draw < raised(chance, lift, in_time))
    renewed = fork(
        world,
        "renews",
        ends & (draw < chance),
        talked_to | (_renew_early(world) & in_time),
        services.customer,
    )
    services.contract_end[renewed] += term[renewed]
    services.mood[renewed] *= MOOD_RENEWED
    services.mood[ends & ~renewed] += MOOD_ENDED


def _renewal_lift(world: World) -> Array:
    """The share of those who would not renew and do once reached, by line."""
    lift = find_lifts(world)[world.services.customer]
    return lift_by_offer(world.config.renewal_lift, lift)


def _renew_early(world: World) -> Array:
    """Mark lines whose contract ends by a fortnight after the next orders go out, and who renew now if asked."""
    services, config = world.services, world.config
    following = span_of(world.span.number + 1)
    last = working_day(following, config.dispatch_working_day) + LISTED_AHEAD_DAYS
    ends = in_net(services) & (services.contract_end > world.span.last)
    draw = world.random("early renewal").random(len(services))
    return np.asarray(
        ends & (services.contract_end <= last) & (draw < _renewal_lift(world))
    )


def end_promotions(world: World) -> None:
    """Let the price shock work on those whose promotion ended last month; grant some of them a new one."""
    services, rng, span = world.services, world.random("promotions"), world.span
    over = (
        in_net(services)
        & (services.promotion_end != NONE)
        & (services.promotion_end < span.first)
    )
    ended = over & (services.promotion_end >= first_day(span.number - 1))
    shock = services.discount / np.maximum(services.fee, 100)
    services.mood[ended] += 0.8 * shock[ended]
    again = over & (rng.random(len(services)) < 0.25)
    services.promotion_end[again] = span.last + rng.integers(60, 400, int(again.sum()))
    _prolong_promotions(world)


def _prolong_promotions(world: World) -> None:
    """Let some of those reached about a promotion that ends this month have it for another year."""
    services, span, draw = (
        world.services,
        world.span,
        world.random("prolong").random(len(world.services)),
    )
    asked = has_order(world, ("renewal",))[services.customer] & in_net(services)
    ends = (
        asked
        & (services.promotion_end >= span.first)
        & (services.promotion_end <= span.last)
    )
    ends &= contact_days(world)[services.customer] <= services.promotion_end
    never = np.zeros(len(services), bool)
    prolonged = fork(
        world,
        "prolongs",
        never,
        ends & (draw < _renewal_lift(world)),
        services.customer,
    )
    services.promotion_end[prolonged] += 365
    forks = world.happened.forks
    if forks:  # of a promotion, to prolong it is to renew
        renews, prolongs = forks["renews"].branches, forks["prolongs"].branches
        forks["renews"] = Fork(renews[0] | prolongs[0], renews[1] | prolongs[1], True)


def change_plans(world: World) -> None:
    """Move some mobile lines a plan up or down; the bill follows from the next month on."""
    services, rng, config = world.services, world.random("plans"), world.config
    movable = (
        (services.status == ACTIVE) & (services.kind == MOBILE) & ~services.excluded
    )
    movable &= services.activated_on < world.span.first
    draw, down = (
        rng.random(len(services)),
        config.plan_down_rate * (1 + 2 * services.mood),
    )
    step = np.where(draw < down, -1, np.where(draw > 1 - config.plan_up_rate, 1, 0))
    target = np.clip(
        services.plan + step, plans.MOBILE_PLANS[0], plans.MOBILE_PLANS[-1]
    )
    index = np.flatnonzero(movable & (target != services.plan))
    day = world.span.first + rng.integers(0, world.span.days, len(index))
    world.happened.plan_changes = PlanChanges(
        index, day, services.plan[index].copy(), target[index]
    )
    services.plan[index] = target[index]
    services.fee[index] = plans.FEE[target[index]]
    services.discount[index] = np.minimum(
        services.discount[index], services.fee[index] // 2
    )


def drift_mood(world: World) -> None:
    """Let moods fade, and let some customers begin to look around, with all their lines."""
    services, customers, rng = world.services, world.customers, world.random("mood")
    onset = rng.random(len(customers)) < world.config.mood_onset_rate
    push = np.where(onset, rng.uniform(0.3, 0.9, len(customers)), 0.0)
    services.mood = np.clip(
        services.mood * MOOD_MEMORY + push[services.customer], 0, 1.6
    )


def decide_fate(world: World, calibrate: bool) -> None:
    """Set each line's hazards for the next month and draw who leaves, untreated and if treated."""
    services, rng, config = world.services, world.random("fate"), world.config
    exposed = np.isin(services.status, (ACTIVE, SUSPENDED_REQUEST)) & ~services.excluded
    score = _score(world)
    if calibrate:
        world.hazard_intercept = _solve_intercept(score[exposed], config.voluntary_rate)
    hazard = np.where(
        exposed, _sigmoid(score + world.hazard_intercept) * world.season.leaving, 0.0
    )
    factor = np.array(config.treated_factors)[
        world.customers.persuasion[services.customer]
    ]
    services.fate = rng.random(len(services), np.float32)
    services.voluntary_hazard = hazard
    services.will_leave = services.fate < hazard
    services.leaves_if_treated = services.fate < hazard * factor
    long_stopped = (services.status == SUSPENDED_ARREARS) & ~services.excluded
    long_stopped &= services.since <= world.span.last - config.termination_after_days
    services.involuntary_hazard = np.where(long_stopped, config.termination_rate, 0.0)
    services.will_be_cut = rng.random(len(services)) < services.involuntary_hazard


def _score(world: World) -> Array:
    """Add up what makes a line likely to leave, on the logit scale."""
    services, customers, last = world.services, world.customers, world.span.last
    tenure = last - services.activated_on
    bound = services.contract_end > last + 60
    run_out = (services.contract_end <= last) & (services.contract_end > last - 90)
    kind_offset = np.array([0.0, -0.1, -0.2, -0.9])[services.kind]
    vip = customers.tier[services.customer] > 0
    member = customers.group[services.customer] >= 0
    return np.asarray(
        kind_offset
        + 3.2 * services.mood
        - 0.8 * bound
        + 0.7 * run_out
        + 0.5 * (tenure < 365)
        - 0.4 * (tenure > 5 * 365)
        + 0.9 * services.dozing
        - 0.25 * vip
        - 0.2 * member
    )


def _sigmoid(value: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-value)))


def _solve_intercept(score: Array, rate: float) -> float:
    """Find by halving the intercept at which the mean hazard is the rate."""
    low, high = -20.0, 5.0
    for _ in range(CALIBRATION_STEPS):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if _sigmoid(score + middle).mean() < rate else (low, middle)
        )
    return (low + high) / 2
