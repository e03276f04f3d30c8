"""Look after customers: tiers, cards, points, tickets, activities and surveys."""

import numpy as np

from twin.codes import (
    BROADBAND,
    CAMPAIGN,
    CLUB,
    COMPLAINT,
    FAULT,
    FESTIVAL_CARE,
    INDIVIDUAL,
    NONE,
    OTHER_TICKET,
    TERMINATED,
    TOUCH_POINTS,
    VALID,
    VOID,
)
from twin.months import span_of
from twin.world.contact import contact_days, fork, has_order, raised
from twin.world.life import random_times
from twin.world.rows import Activities, Answers, Array, Cards, Guests, Tickets
from twin.world.state import SECONDS, World, in_net, stream, sums_by

SPEND_MEMORY = 0.7
CARD_DAYS = 730
REWARD_POINTS = 1000


def remember_spend(world: World) -> None:
    """Smooth each customer's monthly revenue (yuan) and earn him a point a yuan."""
    customers, bills = world.customers, world.happened.bills
    revenue = sums_by(bills.customer, bills.billed + bills.credit, len(customers)) / 100
    fresh = customers.spend == 0
    customers.spend = np.where(
        fresh, revenue, SPEND_MEMORY * customers.spend + (1 - SPEND_MEMORY) * revenue
    )
    customers.points += revenue.astype(np.int64)


def grade_customers(world: World) -> None:
    """Raise tiers at once where spend asks for it; lower them in January only, and not below a step."""
    customers = world.customers
    earned = np.searchsorted(
        np.array(world.config.tier_spend), customers.spend, side="right"
    )
    earned = np.where(customers.kind == INDIVIDUAL, earned, 0)
    lowered = (
        np.maximum(earned, customers.tier - 1)
        if world.span.calendar_month == 1
        else customers.tier
    )
    customers.tier = np.maximum(earned, lowered)


def fitting_cards(world: World, day: int) -> Array:
    """Mark the customers with a card as the card-holding rate asks for, on a day."""
    cards, customers = world.cards, world.customers
    good = (cards.status == VALID) & (cards.tier >= customers.tier[cards.customer])
    good &= (cards.delivered_on != NONE) & (cards.delivered_on <= day)
    good &= (cards.expires_on == NONE) | (cards.expires_on > day)
    holds = np.zeros(len(customers), bool)
    holds[cards.customer[good]] = True
    return holds


def vips(world: World) -> Array:
    """Mark V(m): individuals of a tier with a line in the network, excluded lines apart."""
    services, customers = world.services, world.customers
    has_line = np.zeros(len(customers), bool)
    has_line[services.customer[in_net(services) & ~services.excluded]] = True
    return np.asarray(has_line & (customers.kind == INDIVIDUAL) & (customers.tier > 0))


def issue_cards(world: World) -> None:
    """Issue cards to VIPs without a fitting one (on its way or in hand); void what they replace."""
    rng, customers, cards, span = (
        world.random("cards"),
        world.customers,
        world.cards,
        world.span,
    )
    alive = (cards.status == VALID) & (cards.tier >= customers.tier[cards.customer])
    alive &= (cards.expires_on == NONE) | (cards.expires_on > span.last)
    lacking = vips(world) & ~customers.declines_card
    lacking[cards.customer[alive]] = False
    chance, draw, asked = (
        world.config.card_issue_rate,
        rng.random(len(customers)),
        has_order(world, ("card_issue",)),
    )
    talked_to = lacking & (draw < raised(chance, world.config.card_lift, asked))
    issued = span.first + rng.integers(0, span.days, len(customers))
    delivered = (
        issued
        + 1
        + rng.exponential(world.config.card_delivery_days, len(customers)).astype(int)
    )
    _note_holders(
        world,
        alive,
        asked,
        lacking & (draw < chance) & (delivered <= span.last),
        talked_to,
    )
    index = np.flatnonzero(
        fork(world, "card_issued", lacking & (draw < chance), talked_to)
    )
    _bring_cards(world, alive)
    cards.status[np.isin(cards.customer, index)] = VOID
    brought = _brings(world)[index]
    issued = np.where(brought, contact_days(world)[index], issued[index])
    expires = np.where(rng.random(len(index)) < 0.8, issued + CARD_DAYS, NONE)
    cards.append(
        Cards.build(
            len(index),
            customer=index,
            tier=customers.tier[index],
            status=VALID,
            issued_on=issued,
            delivered_on=np.where(brought, issued, delivered[index]),
            expires_on=expires,
        )
    )


def _note_holders(
    world: World, alive: Array, asked: Array, gets: Array, gets_asked: Array
) -> None:
    """Note who holds a fitting card at the cut-off, without a contact and with one, when the manager brings it."""
    if world.contacts is None:
        return
    holds, coming = (
        fitting_cards(world, world.span.last),
        np.zeros(len(world.customers), bool),
    )
    coming[world.cards.customer[alive]] = True
    fork(
        world,
        "holds_card",
        holds | gets,
        np.where(asked, holds | coming | gets_asked, holds | gets),
    )


def _brings(world: World) -> Array:
    """Mark those to whom their manager brings the card himself."""
    reached = (
        np.zeros(len(world.customers), bool)
        if world.contacts is None
        else world.contacts.is_reached
    )
    return has_order(world, ("card_issue",)) & reached


def _bring_cards(world: World, alive: Array) -> None:
    """Let managers bring the cards that are still on their way."""
    cards, asked_on = world.cards, contact_days(world)[world.cards.customer]
    late = alive & _brings(world)[cards.customer] & (cards.delivered_on > asked_on)
    cards.delivered_on[late] = np.maximum(asked_on, cards.issued_on)[late]


def move_points(world: World) -> None:
    """Expire points in January, let some customers redeem, and say what expires next."""
    rng, customers = world.random("points"), world.customers
    if world.span.calendar_month == 1:
        customers.points -= customers.points_expiring
        customers.points_expiring = customers.points * 4 // 10
    able, draw = (
        (customers.points >= REWARD_POINTS) & ~customers.barred,
        rng.random(len(customers)),
    )
    chance, asked = world.config.redeem_rate, has_order(world, ("points_redemption",))
    talked_to = able & (draw < raised(chance, world.config.redeem_lift, asked))
    rich = fork(world, "redeems", able & (draw < chance), talked_to)
    rewards = np.minimum(
        customers.points // REWARD_POINTS, rng.integers(1, 4, len(customers))
    )
    customers.redeemed = np.where(rich, rewards * REWARD_POINTS, 0)
    customers.points = customers.points - customers.redeemed
    customers.points_expiring = np.minimum(customers.points_expiring, customers.points)


def open_tickets(world: World) -> None:
    """Open the month's tickets; complaints sour the mood."""
    rng, services, config = world.random("tickets"), world.services, world.config
    settled = services.activated_on < world.span.first
    index = np.flatnonzero(in_net(services) & settled & ~services.excluded)
    rates = np.array(
        [config.complaint_rate, config.fault_rate, config.enquiry_rate, 0.001]
    )
    chance = np.where(services.kind[index] == BROADBAND, 1.6, 0.8)
    draw = rng.random(len(index)) / chance
    category = np.searchsorted(np.cumsum(rates), draw, side="right")
    index, category = (
        index[category <= OTHER_TICKET],
        category[category <= OTHER_TICKET],
    )
    severe = (rng.random(len(index)) < config.high_severity_share) & np.isin(
        category, (COMPLAINT, FAULT)
    )
    opened = random_times(world, len(index), rng)
    hours = (
        rng.gamma(1.5, 1, len(index))
        * np.array([60.0, 20.0, 3.0, 24.0])[category]
        * (1 + severe)
    )
    number = world.tickets_made + 1 + np.arange(len(index))
    world.tickets_made += len(index)
    customer = services.customer[index]
    touch = rng.choice(len(TOUCH_POINTS), len(index), p=[0.45, 0.2, 0.2, 0.1, 0.05])
    closed = opened + (hours * 3600).astype(np.int64)
    channel = world.customers.channel[customer]
    world.tickets.append(
        Tickets(
            number,
            customer,
            index,
            opened,
            closed,
            category,
            touch,
            channel,
            severe.astype(int),
        )
    )
    complains = category == COMPLAINT
    services.mood[index[complains]] += np.where(severe[complains], 0.6, 0.3)


def drop_tickets(world: World) -> None:
    """Forget tickets closed before this month; close those of lines that have ended."""
    tickets, services, span = world.tickets, world.services, world.span
    ended = services.status[tickets.service] == TERMINATED
    end = (services.terminated_on[tickets.service] + 1) * SECONDS - 1
    tickets.closed_at = np.where(
        ended,
        np.maximum(np.minimum(tickets.closed_at, end), tickets.opened_at),
        tickets.closed_at,
    )
    world.tickets = tickets.take(tickets.closed_at >= span.first * SECONDS)


def hold_activities(world: World) -> None:
    """Hold this month's activities with guests and answers, and announce next month's."""
    rng, span = world.random("guests"), world.span
    now, coming = (
        _plan_activities(world, span.number),
        _plan_activities(world, span.number + 1),
    )
    coming.cost[:] = NONE
    pool = np.flatnonzero(vips(world))
    for row in range(len(now)):
        local = pool[
            (world.customers.branch[pool] == now.branch[row])
            | (now.branch[row] == NONE)
        ]
        guests = rng.permutation(local)[: now.seats[row]]
        came = rng.random(len(guests)) < 0.65
        world.happened.guests.append(
            Guests.build(
                len(guests),
                activity=now.number[row],
                customer=guests,
                has_attended=came,
            )
        )
        _ask(world, guests[came], int(now.number[row]), int(now.held_on[row]), rng)
    _ask(world, rng.permutation(pool)[: max(5, len(pool) // 25)], NONE, span.first, rng)
    now.append(coming)
    world.happened.activities = now


def _plan_activities(world: World, month: int) -> Activities:
    """Plan a month's activities: a club evening a branch each quarter, care at the two festivals, a campaign in between."""
    span, rng = span_of(month), stream(world.seed, month, "activities")
    branches = world.organisation.branches
    calendar = span.calendar_month
    kind = (
        FESTIVAL_CARE if calendar in (1, 9) else CLUB if calendar % 3 == 2 else CAMPAIGN
    )
    branch = np.array([NONE]) if kind == CAMPAIGN else np.arange(branches)
    size = len(branch)
    seats = rng.integers(10, 40, size)
    budget = seats * rng.integers(80, 200, size) * 100
    return Activities(
        number=month * 1000 + np.arange(size),
        kind=np.full(size, kind),
        held_on=span.first + rng.integers(4, 27, size),
        branch=branch,
        seats=seats,
        budget=budget,
        cost=budget * rng.integers(70, 105, size) // 100,
    )


def _ask(
    world: World,
    customers: Array,
    activity: int,
    earliest: int,
    rng: np.random.Generator,
) -> None:
    """Collect survey answers of some customers, on or after a day."""
    mood = np.zeros(len(world.customers))
    np.maximum.at(mood, world.services.customer, world.services.mood)
    asked = customers[rng.random(len(customers)) < 0.6]
    score = np.clip(
        np.round(4.6 - 1.4 * mood[asked] + rng.normal(0, 0.7, len(asked))), 1, 5
    )
    day = np.minimum(earliest + rng.integers(0, 10, len(asked)), world.span.last)
    world.happened.answers.append(
        Answers.build(
            len(asked), customer=asked, activity=activity, day=day, score=score
        )
    )


def seed_cards(world: World) -> None:
    """Give the first VIPs their old cards: what some two years of issuing would have left."""
    rng, customers = world.random("first cards"), world.customers
    index = np.flatnonzero(
        vips(world) & ~customers.declines_card & (rng.random(len(customers)) < 0.9)
    )
    issued = world.span.first - rng.integers(30, CARD_DAYS, len(index))
    expires = np.where(rng.random(len(index)) < 0.8, issued + CARD_DAYS, NONE)
    world.cards.append(
        Cards.build(
            len(index),
            customer=index,
            tier=customers.tier[index],
            status=VALID,
            issued_on=issued,
            delivered_on=issued + 6,
            expires_on=expires,
        )
    )


def seed_points(world: World) -> None:
    """Give the first customers the points of their years."""
    rng, customers = world.random("first points"), world.customers
    years = np.clip((world.span.first - customers.joined_on) / 365, 0, 2)
    customers.points = (
        customers.spend * 12 * years * rng.uniform(0.3, 1.0, len(customers))
    ).astype(np.int64)
    customers.points_expiring = customers.points * 4 // 10


def look_after(world: World, is_first: bool) -> None:
    """Do the month's care; in the first month of all, lay in the cards and points of earlier years."""
    remember_spend(world)
    grade_customers(world)
    if is_first:
        seed_cards(world)
        seed_points(world)
    open_tickets(world)
    drop_tickets(world)
    issue_cards(world)
    move_points(world)
    hold_activities(world)
