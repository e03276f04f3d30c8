"""Let managers work their orders by their habits: when, whether at all, whether somebody answers, whether they tell the truth."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from twin.codes import CLAIM_LISTS, GROUP_LISTS, LISTS, NONE
from twin.working_days import working_day
from twin.world.offers import Offered, find_offered
from twin.world.rows import Array, Contacts, Orders, Work
from twin.world.state import World, stream

FIRST_CUSTOMER, FIRST_SERVICE, FIRST_MANAGER = (
    10_001,
    1,
    1,
)  # the number in the id of row 0
STEADINESS = 20  # of habits: the higher, the more alike the managers
URGENT_DAYS = 14  # an order due sooner is worked sooner


@dataclass(frozen=True)
class Habits:
    """Hold each manager's ways; the last entry is for the branch desks."""

    diligence: Array
    delay: Array
    falsehood: Array


def habits_of(world: World) -> Habits:
    """Give each manager his ways, the same in every month."""
    rng, config = stream(world.seed, 0, "habits"), world.config
    size = len(world.organisation.manager_branch) + 1
    return Habits(
        diligence=_around(config.worked_share, size, rng),
        delay=config.contact_delay_days * rng.gamma(4, 0.25, size),
        falsehood=_around(config.false_claim_share, size, rng),
    )


def _around(share: float, size: int, rng: np.random.Generator) -> Array:
    inside = min(max(share, 1e-6), 1 - 1e-6)
    return (
        rng.beta(STEADINESS * inside, STEADINESS * (1 - inside), size)
        if 0 < share < 1
        else np.full(size, share)
    )


def take_orders(world: World, table: pa.Table) -> Orders:
    """Turn the workbooks' rows into the twin's own numbers. Raises ValueError for ids the twin never wrote."""
    fen = [
        NONE if each is None else int(each * 100)
        for each in table["amount"].to_pylist()
    ]
    due = table["due_on"].cast(pa.int32()).fill_null(NONE).to_numpy().astype(np.int64)
    orders = Orders(
        order_id=np.array(table["order_id"].to_pylist(), dtype=object),
        by=np.array([LISTS.index(name) for name in table["list"].to_pylist()], np.int8),
        customer=_rows(table, "customer_id", FIRST_CUSTOMER, len(world.customers)),
        service=_rows(table, "service_id", FIRST_SERVICE, len(world.services)),
        manager=_rows(
            table, "manager_id", FIRST_MANAGER, len(world.organisation.manager_branch)
        ),
        amount=np.array(fen, np.int64),
        due_on=due,
        **_find_offered(world, table)._asdict(),
    )
    if (orders.customer == NONE).any():
        raise ValueError("an order without customer_id")
    return orders


def _find_offered(world: World, table: pa.Table) -> Offered:
    """Say what goes out with each order."""
    lists, offers = table["list"].to_pylist(), table["offer_id"].to_pylist()
    return find_offered(world.config, lists, offers)


def _rows(table: pa.Table, name: str, first: int, size: int) -> Array:
    digits = [
        NONE if text is None else int(text.lstrip("SM") or "0") - first
        for text in table[name].to_pylist()
    ]
    rows = np.array(digits, np.int64)
    if ((rows < NONE) | (rows >= size)).any():
        raise ValueError(
            f"the orders name a {name} that this twin never wrote: they belong to another one"
        )
    return rows


def plan_work(world: World, orders: Orders) -> Work:
    """Draw what each manager does about each of his orders in the month that begins."""
    rng, config, size, habits = (
        world.random("work"),
        world.config,
        len(orders),
        habits_of(world),
    )
    begin, scale = find_scales(world, orders)
    day = begin + (rng.exponential(1.0, size) * scale).astype(np.int64)
    is_worked = (rng.random(size) < habits.diligence[orders.manager]) & (
        day <= world.span.last
    )
    answer = rng.random(size)
    needs_answer = ~np.isin(orders.by, [LISTS.index(name) for name in CLAIM_LISTS])
    wrong = is_worked & needs_answer & (answer < config.wrong_number_rate)
    reached = is_worked & (~needs_answer | (answer > 1 - config.reach_rate)) & ~wrong
    false = rng.random(size) < habits.falsehood[orders.manager]
    return Work(
        np.minimum(day, world.span.last),
        is_worked,
        reached,
        wrong,
        false,
        rng.random(size),
        rng.integers(1, 8, size),
    )


def find_scales(world: World, orders: Orders) -> tuple[int, Array]:
    """Give the day the orders arrive, and the mean days from it until the manager of each gets to it."""
    begin = working_day(world.span, world.config.dispatch_working_day)
    haste = np.where(
        orders.due_on == NONE,
        1.0,
        np.clip((orders.due_on - begin) / URGENT_DAYS, 0.2, 1.0),
    )
    return begin, habits_of(world).delay[orders.manager] * haste


def arrange_contacts(world: World, orders: Orders, work: Work) -> Contacts:
    """Say by customer who is talked to, when, and about which list; a group's order reaches its members."""
    contacts = Contacts.build(
        len(world.customers),
        day=np.int32(NONE),
        by=np.int8(NONE),
        is_reached=False,
        lift=0.0,
    )
    order_of = find_orders(world, orders)
    held = np.flatnonzero(order_of != NONE)
    order = order_of[held]
    contacts.day[held], contacts.by[held] = work.day[order], orders.by[order]
    contacts.is_reached[held] = work.is_reached[order]
    contacts.lift[held] = orders.lift[order]
    return contacts


def find_orders(world: World, orders: Orders) -> Array:
    """Give each customer the order that is about them; a group's order is about its members without their own."""
    group_lists = [LISTS.index(name) for name in GROUP_LISTS]
    order_of = np.full(len(world.customers), NONE)
    is_group = np.isin(orders.by, group_lists)
    order_of[orders.customer[is_group]] = np.flatnonzero(is_group)
    members = np.flatnonzero(world.customers.group != NONE)
    order_of[members] = order_of[world.customers.group[members]]
    order_of[orders.customer[~is_group]] = np.flatnonzero(~is_group)
    return order_of
