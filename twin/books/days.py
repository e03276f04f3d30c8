"""Write down the state at the end of single days, as far as an operator delivers it of a day."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa

from twin.books import accounts, events, master
from twin.codes import NONE, TERMINATED
from twin.months import Span
from twin.world.rows import Bills, Services
from twin.world.state import SECONDS, World, listed, sums_by


def draw_day(world: World, eve: Bills, day: int) -> Iterator[tuple[str, pa.Table]]:
    """Draw the tables of a day of the month that was lived; `eve` are copies of the bills that were open before it.

    Status and money are those of the day; plans, contracts and who has a line are those of the month's end.
    """
    then = _as_at(world, eve, day)
    happened = world.happened
    yield (
        "service",
        master.service_table(then, listed(then) & (then.services.activated_on <= day)),
    )
    yield "receivable", accounts.receivable_table(then)
    yield (
        "payment",
        accounts.payment_table(world).filter(pa.array(happened.payments.day <= day)),
    )
    changed = happened.status_changes.at < (day + 1) * SECONDS
    yield "status_change", events.status_change_table(world).filter(pa.array(changed))
    yield "trouble_ticket", events.ticket_table(then)


def _as_at(world: World, eve: Bills, day: int) -> World:
    """Give the operator as it stood when the day was over; bills are made when the month is."""
    span, is_over = world.span, day == world.span.last
    return replace(
        world,
        span=Span(span.number, span.first, day),
        services=_services_at(world, day),
        bills=world.bills if is_over else _bills_at(world, eve, day),
        tickets=world.tickets.take(world.tickets.opened_at < (day + 1) * SECONDS),
    )


def _services_at(world: World, day: int) -> Services:
    """Take back what changed after the day; since when a line had its earlier status is not known any more."""
    services = world.services.take(np.arange(len(world.services)))
    changes = world.happened.status_changes
    changes = changes.take(np.argsort(changes.at, kind="stable"))
    is_later = changes.at >= (day + 1) * SECONDS
    later, earlier = changes.take(is_later), changes.take(~is_later)
    back = later.service[::-1]  # of a line's later changes the first tells what it was
    services.status[back] = later.before[::-1]
    services.since[back] = NONE
    known = np.isin(earlier.service, back)
    services.since[earlier.service[known]] = earlier.at[known] // SECONDS
    runs = services.status != TERMINATED
    services.terminated_on[runs], services.reason[runs] = NONE, NONE
    return services


def _bills_at(world: World, eve: Bills, day: int) -> Bills:
    """Let the bills that were open roll forward by what was paid and credited by the day."""
    paid, credited = world.happened.payments, world.happened.adjustments
    number = np.concatenate([paid.bill, credited.bill])
    amount = np.concatenate([-paid.amount, credited.amount])
    counts = (np.concatenate([paid.day, credited.day]) <= day) & np.isin(
        number, eve.number
    )
    order = np.argsort(eve.number, kind="stable")
    rows = order[np.searchsorted(eve.number, number[counts], sorter=order)]
    left = eve.open + sums_by(rows, amount[counts], len(eve))
    return replace(eve, open=left).take(left > 0)
