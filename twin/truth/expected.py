"""Say what a month's orders will do on average, before any of it happens: no fate, no answer, no day is drawn.

The next month's hazards stand at the cut-off. What a contact does to them is the twin's own (`world.contact`,
`world.life`), and so are the managers who make it (`respond.work`): whether an order is worked, when, and whether
somebody answers are chances here. So two sets of orders for the same month differ by what they are worth, not by luck.
What a contact changes in the year after (who leaves next month is gone for the rest of it; a contract that is renewed
binds, a line that wakes is used) is worth what `truth.prospects` says. A contact's effect on cards and points is worth
nothing here.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from twin.codes import (
    ACTIVE,
    CLAIM_LISTS,
    DEBT_LISTS,
    LISTS,
    NONE,
    PRE_TERMINATED,
    SAVE_LISTS,
    SUSPENDED_ARREARS,
    SUSPENDED_REQUEST,
    ZERO_LISTS,
)
from twin.months import Span, season_of, span_of
from twin.respond.work import find_orders, find_scales, habits_of, take_orders
from twin.truth.prospects import Prospects, foresee
from twin.world.contact import factor_of, lift_by_offer
from twin.world.ledger import CURRENT, OVERDUE, STOPPED, find_stages
from twin.world.rows import Array, Orders
from twin.world.state import World, sums_by
from twin.writer import text


@dataclass(frozen=True)
class Chances:
    """Hold by order the chances that somebody is talked to: at all, and before a day drawn evenly from the month."""

    worked: Array
    reached: Array
    in_time: Array
    first_day: int
    by_day: Array  # reached by order and day, added up to the day
    lift: Array  # how much more a contact does by what is offered

    def find_reached_by(self, order: Array, day: Array) -> Array:
        """The chance that each order's customer is talked to by a day."""
        place = np.minimum(day - self.first_day, self.by_day.shape[1] - 1)
        is_over = place < 0
        return np.where(is_over, 0.0, self.by_day[order, np.maximum(place, 0)])


def expect_orders(
    world: World, given: pa.Table, prospects: Prospects | None = None
) -> pa.Table:
    """Return by order what it changes in the month after the world's, on average; the world stays as it is.

    `worked` and `reached` are chances; `kept` is revenue a month that stays and would not have stayed, `paid` is money
    that comes in and would not have come, both in yuan. `offered` is what offers cost, which whoever is reached takes.
    `kept_year` is the revenue of a year that stays. `leaving` is how
    many lines are about to leave of their own will without the order, `staying` how many of them stay by it. `prospects`
    are those of the world, for who asks often. Raises ValueError for orders of another twin.
    """
    prospects = prospects or foresee(world)
    orders = take_orders(world, given)
    following = span_of(world.span.number + 1)
    later = replace(world, span=following, season=season_of(following))
    chances = _find_chances(later, orders)
    kept, kept_year = _kept_revenue(later, orders, chances, prospects)
    leaving, staying = _count_leavers(later, orders, chances)
    return pa.table(
        {
            "order_id": pa.array(orders.order_id.tolist(), pa.string()),
            "list": text(LISTS, orders.by),
            "worked": chances.worked,
            "reached": chances.reached,
            "kept": kept,
            "kept_year": kept_year,
            "paid": _paid_debts(later, orders, chances),
            "offered": chances.reached * orders.offer_cost / 100,
            "leaving": leaving,
            "staying": staying,
        }
    )


def _find_chances(world: World, orders: Orders) -> Chances:
    """Sum over the days on which the manager of each order may get to it."""
    habits, span, config = habits_of(world), world.span, world.config
    begin, scale = find_scales(world, orders)
    days = np.arange(begin, span.last + 1)
    rate = 1 / np.maximum(scale, 1e-9)[:, None]
    since = (days - begin)[None, :]
    on_day = np.exp(-since * rate) - np.exp(-(since + 1) * rate)
    worked = habits.diligence[orders.manager][:, None] * on_day
    asks = np.isin(orders.by, _codes(CLAIM_LISTS))
    answers = min(config.reach_rate, 1 - config.wrong_number_rate)
    reached = worked * np.where(asks, 1.0, answers)[:, None]
    left = _share_left(span, days)
    return Chances(
        worked=worked.sum(axis=1),
        reached=reached.sum(axis=1),
        in_time=reached @ left,
        first_day=begin,
        by_day=reached.cumsum(axis=1),
        lift=orders.lift,
    )


def _share_left(span: Span, days: Array) -> Array:
    """The share of a month's days that lie behind each day."""
    return np.asarray((span.last - days) / span.days)


def _kept_revenue(
    world: World, orders: Orders, chances: Chances, prospects: Prospects
) -> tuple[Array, Array]:
    """Add up by order the revenue a month, and that of a year, that stays because of it."""
    services = world.services
    order = find_orders(world, orders)[services.customer]
    lines = np.flatnonzero(order != NONE)
    order = order[lines]
    by = orders.by[order]
    stays = np.select(
        [
            np.isin(services.status[lines], (ACTIVE, SUSPENDED_REQUEST)),
            services.status[lines] == PRE_TERMINATED,
            services.status[lines] == SUSPENDED_ARREARS,
        ],
        [
            _stays_more(world, lines, by, chances, order),
            _taken_back(world, by, chances, order),
            _spared(world, lines, by, chances, order),
        ],
        0.0,
    )
    revenue = _revenue(world)[lines]
    months = stays * prospects.months[lines]
    months += _months_added(world, lines, by, chances, order, prospects)
    size = len(orders)
    kept = np.bincount(order, weights=stays * revenue, minlength=size)
    return kept, np.bincount(order, weights=months * revenue, minlength=size)


def _count_leavers(
    world: World, orders: Orders, chances: Chances
) -> tuple[Array, Array]:
    """Add up by order the lines about to leave of their own will, and those of them that stay because of it."""
    services = world.services
    order = find_orders(world, orders)[services.customer]
    can_leave = np.isin(services.status, (ACTIVE, SUSPENDED_REQUEST))
    lines = np.flatnonzero((order != NONE) & can_leave)
    order = order[lines]
    leaving = services.voluntary_hazard[lines]
    staying = _stays_more(world, lines, orders.by[order], chances, order)
    size = len(orders)
    return (
        np.bincount(order, weights=leaving, minlength=size),
        np.bincount(order, weights=staying, minlength=size),
    )


def _months_added(
    world: World,
    lines: Array,
    by: Array,
    chances: Chances,
    order: Array,
    prospects: Prospects,
) -> Array:
    """The months of a year that a contact adds to lines that would stay the next month anyhow."""
    stays = 1 - world.services.voluntary_hazard[lines]
    renews = np.isin(by, [LISTS.index("renewal")])
    reached = chances.find_reached_by(order, prospects.renewal_days[lines])
    config, lift = world.config, chances.lift[order]
    renewal = prospects.renewal[lines] * _share_more(config.renewal_lift, lift)
    added = np.where(renews, renewal * reached, 0.0)
    wakes = np.isin(by, _codes(ZERO_LISTS))
    waking = prospects.waking[lines] * _share_more(config.wake_lift, lift)
    added += np.where(wakes, waking * chances.reached[order], 0.0)
    return np.asarray(added * stays)


def _share_more(chance: float, lift: Array) -> Array:
    """By what factor more of those who are reached do it with what is offered to them."""
    return lift_by_offer(chance, lift) / chance if chance else np.ones(len(lift))


def _stays_more(
    world: World, lines: Array, by: Array, chances: Chances, order: Array
) -> Array:
    """By how much the chance to leave of one's own will falls; it rises for whom a contact drives away.

    Whoever would leave before the contact is not kept by it; whoever it drives away leaves after it.
    """
    services = world.services
    hazard = services.voluntary_hazard[lines]
    factor = factor_of(world, services.customer[lines], by, chances.lift[order])
    after = np.minimum(hazard * factor, 1.0)
    in_time = np.where(factor < 1, chances.in_time[order], chances.reached[order])
    return np.asarray((hazard - after) * in_time)


def _taken_back(world: World, by: Array, chances: Chances, order: Array) -> Array:
    """By how much the chance rises that a request to dismantle is taken back."""
    lift = world.config.save_lift * (1 - world.config.saved_share)
    asked = np.isin(by, _codes(SAVE_LISTS))
    return np.where(asked, lift * chances.in_time[order], 0.0)


def _spared(
    world: World, lines: Array, by: Array, chances: Chances, order: Array
) -> Array:
    """By how much the chance falls that a line is cut off for arrears."""
    asked = np.isin(by, _codes(DEBT_LISTS))
    hazard = world.services.involuntary_hazard[lines]
    spared = hazard * world.config.debt_lift * chances.in_time[order]
    return np.where(asked, spared, 0.0)


def _paid_debts(world: World, orders: Orders, chances: Chances) -> Array:
    """The amount of each debt order that is paid in the month because of it, yuan."""
    asked = np.isin(orders.by, _codes(DEBT_LISTS)) & (orders.amount > 0)
    alone = _pays_alone(world)[orders.customer]
    more = world.config.debt_lift * (1 - alone) * chances.reached
    return np.where(asked, more * orders.amount / 100, 0.0)


def _pays_alone(world: World) -> Array:
    """The chance that each customer pays all that is open in the month, unasked; nobody owes who owes nothing."""
    config, payer = world.config, world.customers.payer
    skips = (1 - np.array(config.pay_current).sum(axis=1)) * world.season.skipping
    pays = {
        CURRENT: 1 - skips,
        OVERDUE: np.array(config.pay_overdue).sum(axis=1),
        STOPPED: np.array(config.pay_stopped),
    }
    pays_all = 1 - np.array(config.partial_share)
    stages = find_stages(world)
    alone = np.ones(len(payer))
    for stage, chance in pays.items():
        here = stages == stage
        alone[here] = (chance * pays_all)[payer[here]]
    return alone


def _revenue(world: World) -> Array:
    """What each line was billed in the month that ends, yuan; never below nought."""
    bills = world.happened.bills
    billed = sums_by(bills.service, bills.billed + bills.credit, len(world.services))
    return np.maximum(billed, 0) / 100


def _codes(lists: tuple[str, ...]) -> list[int]:
    return [LISTS.index(name) for name in lists]
