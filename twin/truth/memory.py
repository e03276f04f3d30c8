"""Note of each month what the KPIs of later months look back at."""

from dataclasses import dataclass

import numpy as np

from twin.codes import ACTIVE, INDIVIDUAL, MOBILE
from twin.world import plans
from twin.world.care import vips
from twin.world.rows import Array, StatusChanges
from twin.world.state import World, in_net, sums_by

HIGH_VALUE_FEN = 8_900  # θ of the definitions
SATURATION = 0.2
BUCKET_ENDS = (30, 60, 90, 180, 365)  # days past due, inclusive


@dataclass
class Late:
    """Hold the items past due at a cut-off, by bill number: place of the age in BUCKET_ENDS, and what is open in fen."""

    number: Array
    bucket: Array
    open: Array


@dataclass
class Memory:
    """Hold one month: masks by service or customer as of then, money in fen; excluded lines are nowhere."""

    number: int
    net: Array
    active_mobile: Array
    no_calls: Array
    unused: Array
    low: Array
    contract_end: Array
    plan_changed: Array
    service_revenue: Array
    customer_revenue: Array
    customer_in_net: Array
    vip: Array
    revenue: int
    open: int
    late: Late
    changes: StatusChanges


def remember(world: World) -> Memory:
    """Take the month's notes."""
    services, size = world.services, len(world.services)
    counted = ~services.excluded
    net = in_net(services) & counted
    bills = world.happened.bills
    owed = np.where(services.excluded[bills.service], 0, bills.billed + bills.credit)
    customer_in_net = np.zeros(len(world.customers), bool)
    customer_in_net[services.customer[net]] = True
    no_calls, unused, low = _little_use(world)
    changed = np.zeros(size, bool)
    changed[world.happened.plan_changes.service] = True
    return Memory(
        number=world.span.number,
        net=net,
        active_mobile=(services.status == ACTIVE) & (services.kind == MOBILE) & counted,
        no_calls=no_calls,
        unused=unused,
        low=low,
        contract_end=services.contract_end.copy(),
        plan_changed=changed,
        service_revenue=sums_by(bills.service, owed, size),
        customer_revenue=sums_by(bills.customer, owed, len(world.customers)),
        customer_in_net=customer_in_net,
        vip=vips(world),
        revenue=int(owed.sum()),
        open=open_amount(world),
        late=late_items(world),
        changes=world.happened.status_changes.take(
            counted[world.happened.status_changes.service]
        ),
    )


def _little_use(world: World) -> tuple[Array, Array, Array]:
    """Mark services without calls, without any use, and with little of what their plan holds."""
    services, used = world.services, world.happened.usage
    calls, minutes, total, megabytes = (
        np.zeros(len(services), np.int64) for _ in range(4)
    )
    calls[used.service], minutes[used.service], megabytes[used.service] = (
        used.calls,
        used.minutes,
        used.megabytes,
    )
    total[used.service] = used.calls + used.messages + used.megabytes
    low = minutes < SATURATION * plans.MINUTES[services.plan]
    low &= megabytes < SATURATION * plans.MEGABYTES[services.plan]
    return calls == 0, total == 0, low


def open_amount(world: World, month: int | None = None) -> int:
    """Add up what is open at the cut-off, of one bill month or of all, in fen."""
    bills = world.bills
    counted = ~world.services.excluded[bills.service]
    if month is not None:
        counted &= bills.month == month
    return int(bills.open[counted].sum())


def late_items(world: World) -> Late:
    """Note what is past due, by age in days (0-30, 31-60, 61-90, 91-180, 181-365, more)."""
    last, counted = world.span.last, ~world.services.excluded[world.bills.service]
    bills = world.bills.take(counted & (world.bills.due_on <= last))
    bills = bills.take(np.argsort(bills.number, kind="stable"))
    bucket = np.searchsorted(BUCKET_ENDS, last - bills.due_on)
    return Late(bills.number, bucket, bills.open)


def padded(column: Array, size: int) -> Array:
    """Lengthen a column of an earlier month with zeros for what has come since."""
    return np.concatenate([column, np.zeros(size - len(column), column.dtype)])


def high_value(world: World, notes: dict[int, Memory]) -> Array:
    """Mark HV(m): individuals with a mobile line in the network, of a tier or of high mean revenue."""
    services, customers, size = world.services, world.customers, len(world.customers)
    number = world.span.number
    has_mobile = np.zeros(size, bool)
    has_mobile[services.customer[notes[number].net & (services.kind == MOBILE)]] = True
    revenue, months = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for held in range(number - 2, number + 1):
        if held in notes:
            counts = padded(notes[held].customer_in_net, size)
            revenue += np.where(counts, padded(notes[held].customer_revenue, size), 0)
            months += counts
    rich = (months > 0) & (revenue >= HIGH_VALUE_FEN * months)
    return np.asarray(
        (customers.kind == INDIVIDUAL) & has_mobile & ((customers.tier > 0) | rich)
    )
