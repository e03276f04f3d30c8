"""Hold the whole operator at one moment, and what happened to it in the month."""

from dataclasses import dataclass, field
from zlib import crc32

import numpy as np

from twin.codes import ACTIVE, SUSPENDED_ARREARS, SUSPENDED_REQUEST, TERMINATED
from twin.config import TwinConfig
from twin.months import Season, Span
from twin.world.rows import (
    Activities,
    Adjustments,
    Answers,
    Array,
    Bills,
    Cards,
    Contacts,
    Customers,
    Guests,
    Ownerships,
    Payments,
    PlanChanges,
    Services,
    StatusChanges,
    Tickets,
    Usage,
)

SECONDS = 86_400


@dataclass
class Organisation:
    """Hold the house: units and managers point at branches, positions count from 0; a manager's heir works in his place."""

    unit_branch: Array
    manager_branch: Array
    manager_unit: Array
    manager_role: Array
    manager_capacity: Array
    manager_is_active: Array
    manager_heir: Array
    branches: int


@dataclass(frozen=True)
class Fork:
    """Hold what each line, or customer, does without a contact and with one: two outcomes of the same draw."""

    without: Array
    contacted: Array
    is_of_lines: bool

    @property
    def branches(self) -> tuple[Array, Array]:
        """Give the outcome without, then with."""
        return self.without, self.contacted


@dataclass
class Happenings:
    """Collect what happened in one month; `forks` by aim, only in months with orders."""

    bills: Bills = field(default_factory=lambda: Bills.build(0))
    adjustments: Adjustments = field(default_factory=lambda: Adjustments.build(0))
    payments: Payments = field(default_factory=lambda: Payments.build(0))
    status_changes: StatusChanges = field(
        default_factory=lambda: StatusChanges.build(0)
    )
    plan_changes: PlanChanges = field(default_factory=lambda: PlanChanges.build(0))
    usage: Usage = field(default_factory=lambda: Usage.build(0))
    activities: Activities = field(default_factory=lambda: Activities.build(0))
    guests: Guests = field(default_factory=lambda: Guests.build(0))
    answers: Answers = field(default_factory=lambda: Answers.build(0))
    forks: dict[str, Fork] = field(default_factory=dict)


@dataclass
class World:
    """Hold the whole operator at one moment."""

    config: TwinConfig
    seed: int
    organisation: Organisation
    customers: Customers
    services: Services
    bills: Bills
    ownerships: Ownerships
    cards: Cards
    tickets: Tickets
    span: Span
    season: Season
    hazard_intercept: float = 0.0
    tickets_made: int = 0
    contacts: Contacts | None = None
    happened: Happenings = field(default_factory=Happenings)

    def random(self, purpose: str) -> np.random.Generator:
        """Give the month's own stream for one purpose, so that a new purpose leaves the others as they were."""
        return stream(self.seed, self.span.number, purpose)


def stream(seed: int, month: int, purpose: str) -> np.random.Generator:
    """Seed one stream by seed, month and purpose."""
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence([seed, month, crc32(purpose.encode())]))
    )


def in_net(services: Services) -> Array:
    """Mark the services that count as in the network, excluded lines among them."""
    return np.isin(services.status, (ACTIVE, SUSPENDED_ARREARS, SUSPENDED_REQUEST))


def listed(world: World) -> Array:
    """Mark the services of the month's file: not ended, or ended in the month."""
    services = world.services
    return np.asarray(
        (services.status != TERMINATED) | (services.terminated_on >= world.span.first)
    )


def note_presence(world: World) -> None:
    """Note in which month each customer was last seen with a line."""
    world.customers.seen[world.services.customer[listed(world)]] = world.span.number


def present(world: World) -> Array:
    """Mark the customers of the month's file: with a line, with money left, gone for two months at most, or a group."""
    customers = world.customers
    lately = customers.seen >= world.span.number - 2
    return np.asarray((customers.prepaid > 0) | lately | (customers.kind == 1))


def change_status(
    world: World, index: Array, after: int, at: Array, reason: int
) -> None:
    """Record a change of status and carry it out; `at` in local seconds."""
    services = world.services
    if len(index) == 0:
        return
    world.happened.status_changes.append(
        StatusChanges.build(
            len(index),
            service=index,
            at=at,
            before=services.status[index],
            after=after,
            reason=reason,
        )
    )
    services.status[index] = after
    services.since[index] = at // SECONDS


def sums_by(index: Array, values: Array, size: int) -> Array:
    """Add whole numbers up by position, exactly."""
    total = np.zeros(size, np.int64)
    np.add.at(total, index, values)
    return total
