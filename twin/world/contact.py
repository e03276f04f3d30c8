"""Let a contact change what a customer does: the same draw against a chance without it, and against another with it."""

from collections.abc import Sequence

import numpy as np

from twin.codes import DEBT_LISTS, LISTS, NONE
from twin.world.rows import Array, Contacts
from twin.world.state import Fork, World


def has_order(world: World, lists: Sequence[str]) -> Array:
    """Mark the customers with an order of one of the lists, reached or not."""
    if world.contacts is None:
        return np.zeros(len(world.customers), bool)
    return np.isin(world.contacts.by, [LISTS.index(name) for name in lists])


def contact_days(world: World) -> Array:
    """Give each customer the day he is, or would be, talked to; NONE without an order."""
    return (
        np.full(len(world.customers), NONE)
        if world.contacts is None
        else world.contacts.day
    )


def keep_pace(world: World) -> None:
    """Give customers who have come since a row without a contact."""
    if world.contacts is not None:
        late = len(world.customers) - len(world.contacts)
        world.contacts.append(Contacts.build(late, is_reached=False, lift=0.0))


def fork(
    world: World,
    aim: str,
    without: Array,
    contacted: Array,
    customer: Array | None = None,
) -> Array:
    """Note both outcomes of an aim and return the one that happens; `customer` maps lines to customers."""
    if world.contacts is None:
        return without
    world.happened.forks[aim] = Fork(without, contacted, customer is not None)
    reached = (
        world.contacts.is_reached
        if customer is None
        else world.contacts.is_reached[customer]
    )
    return np.where(reached, contacted, without)


def raised(chance: Array | float, lift: Array | float, asked: Array) -> Array:
    """Raise a chance by a share of what is missing to certainty, where asked."""
    return np.where(asked, chance + lift * (1 - np.asarray(chance)), chance)


def factors(world: World, customer: Array) -> Array:
    """Give each line the factor a contact about the customer's order puts on the hazard of leaving; 1 without an order."""
    if world.contacts is None:
        return np.ones(len(customer))
    contacts = world.contacts
    return factor_of(world, customer, contacts.by[customer], contacts.lift[customer])


def factor_of(world: World, customer: Array, by: Array, lift: Array) -> Array:
    """Give the factor that a contact about a list puts on the hazard of each customer; 1 where `by` is NONE.

    What is offered adds its lift to what keeps somebody; whom a contact drives away it drives away no further.
    """
    strength = np.array(
        [world.config.retention_strength.get(name, 0.0) for name in LISTS] + [0.0]
    )
    full = np.array(world.config.treated_factors)[world.customers.persuasion[customer]]
    more = np.where(full < 1, 1 + lift, 1.0)
    return np.asarray(np.maximum(1 + strength[by] * (full - 1) * more, 0.0))


def lift_by_offer(chance: float, lift: Array) -> Array:
    """Give the share of those who would not do it alone and do it once reached, with what is offered to them."""
    return np.minimum(chance * (1 + lift), 1.0)


def find_lifts(world: World) -> Array:
    """Give each customer how much more the contact does by what is offered with it; 0 without an offer."""
    if world.contacts is None:
        return np.zeros(len(world.customers))
    return world.contacts.lift


def heeds_reminder(world: World) -> Array:
    """Mark the customers with an order of a debt list who, if reached, pay because of it."""
    draw = world.random("reminders").random(len(world.customers))
    return has_order(world, DEBT_LISTS) & (draw < world.config.debt_lift)
