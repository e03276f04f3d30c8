"""Take a month's orders at its beginning, and answer for them at its end."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from twin.codes import NONE, OUTCOMES
from twin.respond.outcomes import Told, leave_in_peace, tell
from twin.respond.work import arrange_contacts, plan_work, take_orders
from twin.world.contact import factors
from twin.world.rows import Array, Orders, Work
from twin.world.state import World


@dataclass(frozen=True)
class Answer:
    """Hold a month's orders, the work on them, what managers tell, and the lines' hazards without and with a contact."""

    orders: Orders
    work: Work
    hazards: tuple[Array, Array]
    told: Told | None = None


def begin_work(world: World, given: pa.Table) -> Answer:
    """Plan the month's contacts."""
    orders = take_orders(world, given)
    work = plan_work(world, orders)
    world.contacts = arrange_contacts(world, orders, work)
    plain = world.services.voluntary_hazard
    return Answer(
        orders, work, (plain, plain * factors(world, world.services.customer))
    )


def end_work(world: World, answer: Answer) -> Answer:
    """Tell what came of the orders, and leave those in peace who asked for it."""
    told = tell(world, answer.orders, answer.work)
    leave_in_peace(world, answer.orders, told)
    return replace(answer, told=told)


def filled_cells(answer: Answer) -> dict[str, dict[str, object]]:
    """Give the outcome columns of every order that its manager filled in, by order id."""
    told = answer.told
    assert told is not None
    rows = np.flatnonzero(told.code != NONE)
    return {
        str(answer.orders.order_id[row]): {
            "outcome": OUTCOMES[told.code[row]],
            "contacted_on": _date(told.contacted_on[row]),
            "promised_amount": None
            if told.promised_amount[row] == NONE
            else told.promised_amount[row] / 100,
            "promised_on": _date(told.promised_on[row]),
        }
        for row in rows
    }


def _date(day: int) -> object:
    return None if day == NONE else np.datetime64(int(day), "D").astype(object)
