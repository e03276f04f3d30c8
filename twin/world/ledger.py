"""Keep the money: bills, credit notes, payments, stops for arrears and write-offs; all in whole fen, every bill rolls forward."""

from dataclasses import dataclass

import numpy as np

from twin.codes import (
    ACTIVE,
    ARREARS,
    BY_ARREARS,
    BY_PAYMENT,
    CREDIT_NOTE,
    MOBILE,
    NONE,
    PREPAID,
    PREPAID_APPLIED,
    SUSPENDED_ARREARS,
    SUSPENDED_REQUEST,
    TERMINATED,
    WRITE_OFF,
)
from twin.months import first_day
from twin.world import plans
from twin.world.contact import fork, heeds_reminder
from twin.world.rows import Adjustments, Array, Bills, Payments
from twin.world.state import SECONDS, World, change_status, listed, sums_by

VOICE_FEN = 15  # a minute beyond the bundle
DATA_FEN_PER_GB = 500
DATA_CAP_FEN = 10_000
MESSAGE_FEN = 10
KEEP_NUMBER_FEN = 500  # a month suspended on request
TOP_UP_UNIT_FEN = 5_000
NOBODY_PAYS, CURRENT, OVERDUE, STOPPED = range(4)


@dataclass
class Intent:
    """Hold what each customer does about his open bills this month: the day (NONE = nothing), the share paid, the stop day."""

    day: Array
    share: Array
    stop_day: Array


def collect(world: World) -> None:
    """Work through the bills open at the last cut-off: credit notes, payments, stops, reactivations, write-offs."""
    _credit_old_bills(world)
    intent = _form_intents(world)
    overdue = _overdue_services(world)
    _stop_and_reactivate(world, intent, overdue)
    _pay_old_bills(world, intent)
    _take_back(world)
    write_off(world)
    world.bills = world.bills.take(world.bills.open > 0)


def quarrel(world: World) -> None:
    """Let some open bills be disputed from now on, and settle some disputes."""
    bills = world.bills
    draw = world.random("disputes").random(len(bills))
    begins = ~bills.disputed & (draw < world.config.dispute_rate)
    goes_on = bills.disputed & (draw >= world.config.dispute_end_rate)
    bills.disputed = begins | goes_on


def forget_the_ended(world: World) -> None:
    """Drop what lines owe that ended in months nobody wrote down: no file tells of them."""
    bills, services = world.bills, world.services
    world.bills = bills.take(services.status[bills.service] != TERMINATED)


def adjust(
    world: World, rows: Array, kind: int, day: Array | int, amount: Array
) -> None:
    """Book adjustments on open bills; amounts in fen, below 0."""
    bills = world.bills
    world.happened.adjustments.append(
        Adjustments.build(
            len(rows),
            bill=bills.number[rows],
            customer=bills.customer[rows],
            kind=kind,
            day=day,
            amount=amount,
        )
    )
    bills.open[rows] += amount


def pay(world: World, rows: Array, day: Array, amount: Array) -> None:
    """Book payments on open bills; amounts in fen."""
    bills = world.bills
    world.happened.payments.append(
        Payments(
            bills.customer[rows],
            bills.number[rows],
            np.asarray(day),
            np.asarray(amount),
        )
    )
    bills.open[rows] -= amount


def _credit_old_bills(world: World) -> None:
    """Credit a part of some older bills in the first two days, before anybody pays."""
    rng, bills = world.random("late credit"), world.bills
    rows = np.flatnonzero(
        (rng.random(len(bills)) < world.config.late_credit_rate) & (bills.open >= 100)
    )
    amount = -(bills.open[rows] * rng.integers(10, 40, len(rows)) // 100)
    adjust(
        world,
        rows,
        CREDIT_NOTE,
        world.span.first + rng.integers(0, 2, len(rows)),
        amount,
    )


def find_stages(world: World) -> Array:
    """Say for each customer how far behind he is."""
    stage, bills, services = (
        np.full(len(world.customers), NOBODY_PAYS),
        world.bills,
        world.services,
    )
    stage[bills.customer] = CURRENT
    stage[bills.customer[bills.month <= world.span.number - 2]] = OVERDUE
    stopped = (services.status == SUSPENDED_ARREARS) & (
        services.since < world.span.first
    )
    stage[services.customer[stopped]] = STOPPED
    return stage


def _form_intents(world: World) -> Intent:
    rng, span, config = world.random("payments"), world.span, world.config
    size, stage, payer = len(world.customers), find_stages(world), world.customers.payer
    draw = rng.random(size)
    stop_day = span.first + config.stop_day - 1 + rng.integers(0, 3, size)
    current = _pay_current(world, draw, rng)
    overdue = _pay_overdue(world, draw, stop_day, rng)
    stopped = np.where(
        draw < np.array(config.pay_stopped)[payer],
        span.first + rng.integers(2, span.days, size),
        NONE,
    )
    day = np.choose(stage, [np.full(size, NONE), current, overdue, stopped])
    partial = rng.random(size) < np.array(config.partial_share)[payer]
    share = np.where(partial, rng.integers(30, 80, size), 100)
    return _heed_reminders(world, Intent(day, share, stop_day), stage != NOBODY_PAYS)


def _heed_reminders(world: World, without: Intent, owes: Array) -> Intent:
    """Let those who are reminded and heed it pay all, within days of the contact."""
    if world.contacts is None:
        return without
    asked_on, lag = (
        world.contacts.day,
        world.random("promises").integers(0, 8, len(world.customers)),
    )
    promised = np.minimum(asked_on + lag, world.span.last)
    heeds = (
        owes
        & heeds_reminder(world)
        & ((without.day == NONE) | (without.day > promised) | (without.share < 100))
    )
    heeds &= ~((without.day != NONE) & (without.day <= asked_on))
    pays_all = (without.day != NONE) & (without.share == 100)
    contacted = np.where(heeds, promised, without.day)
    fork(
        world,
        "pays",
        pays_all & (bounces_on(world, without.day) == NONE),
        (heeds | pays_all) & (bounces_on(world, contacted) == NONE),
    )
    turned = heeds & world.contacts.is_reached
    day, share = (
        np.where(turned, promised, without.day),
        np.where(turned, 100, without.share),
    )
    return Intent(day, share, without.stop_day)


def _pay_current(world: World, draw: Array, rng: np.random.Generator) -> Array:
    """Choose the day of payers who are not behind: by the due day, later in the month, or not at all."""
    span, config, size = world.span, world.config, len(draw)
    chances = np.array(config.pay_current)[world.customers.payer]
    skip = (1 - chances.sum(axis=1)) * world.season.skipping
    late = np.minimum(chances[:, 1], 1 - skip)
    early_day = span.first + rng.integers(2, config.due_day, size)
    late_day = span.first + rng.integers(config.due_day, span.days, size)
    return np.where(
        draw < skip, NONE, np.where(draw < skip + late, late_day, early_day)
    )


def _pay_overdue(
    world: World, draw: Array, stop_day: Array, rng: np.random.Generator
) -> Array:
    """Choose the day of payers who are behind: before the stop, some days after it, or not at all."""
    span, config, size = world.span, world.config, len(draw)
    chances = np.array(config.pay_overdue)[world.customers.payer]
    before = span.first + rng.integers(2, config.stop_day - 1, size)
    after = stop_day + rng.exponential(config.reactivation_days, size).astype(int)
    after = np.where(after > span.last, NONE, after)
    return np.where(
        draw < chances[:, 0], before, np.where(draw < chances.sum(axis=1), after, NONE)
    )


def bounces_on(world: World, day: Array) -> Array:
    """Give for each customer who pays on a day the day his bank takes it back; NONE = it is kept."""
    rng, size = world.random("bounces"), len(world.customers)
    fails = rng.random(size) < world.config.bounce_rate
    back = day + rng.integers(2, 11, size)
    return np.where((day != NONE) & fails & (back <= world.span.last), back, NONE)


def _take_back(world: World) -> None:
    """Take back what the banks of some did not cover: the bills it was for are open again."""
    bills, paid = world.bills, world.happened.payments
    day = np.full(len(world.customers), NONE)
    ended = world.services.status[bills.service] == TERMINATED
    named = np.flatnonzero(np.isin(paid.bill, bills.number[~ended]))
    day[paid.customer[named]] = paid.day[named]
    back = bounces_on(world, day)[paid.customer[named]]
    named, back = named[back != NONE], back[back != NONE]
    order = np.argsort(bills.number, kind="stable")
    rows = order[np.searchsorted(bills.number, paid.bill[named], sorter=order)]
    pay(world, rows, back, -paid.amount[named])


def _overdue_services(world: World) -> Array:
    bills = world.bills
    overdue = np.zeros(len(world.services), bool)
    late = (bills.month <= world.span.number - 2) & ~bills.disputed
    overdue[bills.service[late]] = True
    return overdue


def _stop_and_reactivate(world: World, intent: Intent, overdue: Array) -> None:
    """Stop lines still overdue on the stop day; bring back those whose owner pays in full."""
    services, rng = world.services, world.random("stops")
    day, stop = intent.day[services.customer], intent.stop_day[services.customer]
    pays_all = (day != NONE) & (intent.share[services.customer] == 100)
    steady = services.since < world.span.first
    index = np.flatnonzero(
        overdue & steady & (services.status == ACTIVE) & ~(pays_all & (day < stop))
    )
    change_status(
        world, index, SUSPENDED_ARREARS, stop[index] * SECONDS + 2 * 3600, BY_ARREARS
    )  # a night job at two
    back = np.flatnonzero(
        (services.status == SUSPENDED_ARREARS) & pays_all & (day >= services.since)
    )
    hour = rng.integers(9 * 3600, 21 * 3600, len(back))
    change_status(world, back, ACTIVE, day[back] * SECONDS + hour, BY_PAYMENT)


def _pay_old_bills(world: World, intent: Intent) -> None:
    """Book the payments; a line that leaves of its own will pays everything on its last day, or nothing then."""
    bills, services = world.bills, world.services
    ended = _ends_settled(world)
    forgiven = ended & (services.reason[bills.service] == ARREARS)
    forgiven |= (bills.disputed | _stay_away(world)) & ~ended
    day = np.where(
        ended, services.terminated_on[bills.service], intent.day[bills.customer]
    )
    share = np.where(ended, 100, intent.share[bills.customer])
    amount = bills.open * share // 100
    rows = np.flatnonzero((day != NONE) & ~forgiven & (amount > 0))
    pay(world, rows, day[rows], amount[rows])


def _ends_settled(world: World) -> Array:
    """Mark the bills of ended lines that are settled when a line ends."""
    bills, services = world.bills, world.services
    ended = services.status[bills.service] == TERMINATED
    return np.asarray(ended & ~services.ends_unpaid[bills.service])


def _stay_away(world: World) -> Array:
    """Mark the bills of lines that ended unpaid whose owners do not come this month either."""
    services, size = world.services, len(world.services)
    comes = world.random("late settling").random(size) < world.config.settle_rate
    away = (services.status == TERMINATED) & services.ends_unpaid & ~comes
    return np.asarray(away[world.bills.service])


def write_off(world: World) -> None:
    """Write off what lines cut for arrears still owe, on their last day; of lines that end unpaid, in time."""
    bills, services = world.bills, world.services
    settled, last_on = _ends_settled(world), services.terminated_on[bills.service]
    cut = settled & (services.reason[bills.service] == ARREARS)
    over_on = last_on + world.config.write_off_days
    unpaid = (services.status[bills.service] == TERMINATED) & ~settled
    given_up = unpaid & (over_on <= world.span.last)
    rows = np.flatnonzero((cut | given_up) & (bills.open > 0))
    day = np.where(cut, last_on, np.maximum(over_on, world.span.first))
    adjust(world, rows, WRITE_OFF, day[rows], -bills.open[rows])


def bill(world: World) -> None:
    """Write the month's bills, credit some at once, take what is prepaid, and settle those of lines that ended."""
    span, config, rng = world.span, world.config, world.random("bills")
    index = np.flatnonzero(_billable(world))
    billed = _charges(world)[index]
    credited = (rng.random(len(index)) < config.bill_credit_rate) & (billed >= 200)
    credit = np.where(credited, -(billed * rng.integers(5, 60, len(index)) // 100), 0)
    made = Bills.build(
        len(index),
        number=span.compact * 10**9 + np.arange(1, len(index) + 1),
        service=index,
        customer=world.services.customer[index],
        month=span.number,
        billed=billed,
        credit=credit,
        open=billed + credit,
        due_on=first_day(span.number + 1) + config.due_day - 1,
        disputed=False,
    )
    world.happened.bills = made.take(slice(None))  # type: ignore[arg-type]
    world.bills.append(made)
    _top_up(world)
    _apply_prepaid(world)
    _settle_ended(world)
    world.bills = world.bills.take(world.bills.open > 0)


def _billable(world: World) -> Array:
    """Leave out test lines, and lines stopped for arrears the whole month or cut for them."""
    services = world.services
    stopped = (services.status == SUSPENDED_ARREARS) & (
        services.since < world.span.first
    )
    stopped |= (services.status == TERMINATED) & (services.reason == ARREARS)
    test_line = services.excluded & (np.arange(len(services)) % 2 == 0)
    return np.asarray(listed(world) & ~stopped & ~test_line)


def _charges(world: World) -> Array:
    """Price every line in fen: plan less promotion, by days, plus what goes beyond the bundle."""
    services, span = world.services, world.span
    promoted = services.promotion_end >= span.first
    monthly = np.where(
        promoted, np.maximum(services.fee - services.discount, 0), services.fee
    )
    kept = (services.status == SUSPENDED_REQUEST) & (services.since < span.first)
    monthly = np.where(kept, np.minimum(monthly, KEEP_NUMBER_FEN), monthly)
    begin = np.maximum(services.activated_on, span.first)
    end = np.where(services.status == TERMINATED, services.terminated_on, span.last)
    days = np.clip(end - begin + 1, 0, span.days)
    return np.asarray(monthly * days // span.days + _overage(world))


def _overage(world: World) -> Array:
    services, usage = world.services, world.happened.usage
    extra = np.zeros(len(services), np.int64)
    plan = services.plan[usage.service]
    bundle = plans.MINUTES[plan]
    voice = np.maximum(usage.minutes - bundle, 0) * VOICE_FEN
    gigabytes_over = np.maximum(usage.megabytes - plans.MEGABYTES[plan], 0)
    data = np.minimum(gigabytes_over * DATA_FEN_PER_GB // 1024, DATA_CAP_FEN)
    mobile = services.kind[usage.service] == MOBILE
    extra[usage.service] = np.where(
        mobile,
        voice + data + usage.messages * MESSAGE_FEN,
        np.where(bundle > 0, voice, 0),
    )
    return extra


def _top_up(world: World) -> None:
    """Let prepaid customers whose balance will not do put money in, unassigned to a bill."""
    rng, customers, bills, span = (
        world.random("top-ups"),
        world.customers,
        world.bills,
        world.span,
    )
    fresh = bills.month == span.number
    need = sums_by(bills.customer[fresh], bills.open[fresh], len(customers))
    short = (customers.payer == PREPAID) & (need > customers.prepaid)
    index = np.flatnonzero(
        short & (rng.random(len(customers)) < world.config.top_up_rate)
    )
    units = -(
        -(need[index] - customers.prepaid[index]) // TOP_UP_UNIT_FEN
    ) + rng.integers(0, 3, len(index))
    day = span.first + rng.integers(0, span.days, len(index))
    world.happened.payments.append(
        Payments.build(
            len(index),
            customer=index,
            bill=NONE,
            day=day,
            amount=units * TOP_UP_UNIT_FEN,
        )
    )
    customers.prepaid[index] += units * TOP_UP_UNIT_FEN


def _apply_prepaid(world: World) -> None:
    """Take balances for the month's bills on its last day, bill by bill until a balance is used up."""
    customers, bills = world.customers, world.bills
    fresh = (bills.month == world.span.number) & (bills.open > 0)
    rows = np.flatnonzero(fresh & (customers.prepaid[bills.customer] > 0))
    rows = rows[np.argsort(bills.customer[rows], kind="stable")]
    owner, amount = bills.customer[rows], bills.open[rows]
    running = np.cumsum(amount) - amount
    start = (
        np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
        if len(rows)
        else np.zeros(0, int)
    )
    before = running - np.repeat(running[start], np.diff(np.r_[start, len(rows)]))
    taken = np.clip(customers.prepaid[owner] - before, 0, amount)
    used = taken > 0
    adjust(world, rows[used], PREPAID_APPLIED, world.span.last, -taken[used])
    customers.prepaid -= sums_by(owner[used], taken[used], len(customers))


def _settle_ended(world: World) -> None:
    """Settle the last bill of lines that ended: paid at the counter, written off, or left open."""
    write_off(world)
    bills, services = world.bills, world.services
    rows = np.flatnonzero(_ends_settled(world) & (bills.open > 0))
    pay(
        world,
        rows,
        services.terminated_on[bills.service[rows]],
        bills.open[rows].copy(),
    )
