"""Let lines change hands, people change their group, and managers leave the house."""

import numpy as np

from twin.codes import ACTIVE, GROUP, INDIVIDUAL, MOBILE, NONE
from twin.world.rows import Array
from twin.world.state import World, in_net


def transfer_lines(world: World) -> None:
    """Give some mobile lines whose bills are paid to another customer of the branch, as relatives do."""
    services, customers, rng = (
        world.services,
        world.customers,
        world.random("transfers"),
    )
    mine = customers.kind[services.customer] == INDIVIDUAL
    movable = (
        mine
        & (services.status == ACTIVE)
        & (services.kind == MOBILE)
        & ~services.excluded
        & ~services.will_leave
    )
    movable &= (services.since < world.span.first) & (
        services.activated_on < world.span.first
    )
    movable[world.bills.service] = False  # who owes keeps his line
    movable[world.tickets.service] = False
    index = np.flatnonzero(
        movable & (rng.random(len(services)) < world.config.transfer_rate)
    )
    running = np.unique(services.customer[in_net(services) & mine])
    heirs = rng.choice(running, len(index))
    near = customers.branch[heirs] == customers.branch[services.customer[index]]
    services.customer[index[near]] = heirs[near]


def change_groups(world: World) -> None:
    """Let some people leave their group, some join one of their branch, and some go from one to another."""
    customers, rng, config = world.customers, world.random("groups"), world.config
    draw, person = rng.random(len(customers)), customers.kind == INDIVIDUAL
    member = person & (customers.group != NONE)
    offered = _groups_nearby(world, rng)
    leaves = member & (draw < config.group_leave_rate)
    changes = member & ~leaves & (draw < 2 * config.group_leave_rate)
    # As many join as leave, so that the share of members stays.
    joins = (
        person
        & ~member
        & (
            draw
            < config.group_leave_rate * config.member_share / (1 - config.member_share)
        )
    )
    customers.group[leaves] = NONE
    moved = (changes | joins) & (offered != NONE)
    customers.group[moved] = offered[moved]


def _groups_nearby(world: World, rng: np.random.Generator) -> Array:
    """Draw for each customer a group of his branch; NONE where it has none."""
    customers = world.customers
    groups = np.flatnonzero(customers.kind == GROUP)
    order = groups[np.argsort(customers.branch[groups], kind="stable")]
    branch = customers.branch[order]
    begin, end = (
        np.searchsorted(branch, customers.branch, side=side)
        for side in ("left", "right")
    )
    place = begin + (rng.random(len(customers)) * (end - begin)).astype(np.int64)
    return np.where(end > begin, order[np.minimum(place, len(order) - 1)], NONE)


def part_with_managers(world: World) -> None:
    """Let some managers of units leave on the first; their customers go to colleagues of the unit. Nobody is hired."""
    house, owners, rng = world.organisation, world.ownerships, world.random("turnover")
    present = house.manager_is_active & (house.manager_unit != NONE)
    leaving = np.flatnonzero(
        present & (rng.random(len(present)) < world.config.manager_leave_rate)
    )
    present[leaving] = False
    for manager in leaving:
        team = np.flatnonzero(
            present & (house.manager_unit == house.manager_unit[manager])
        )
        if len(team):
            house.manager_is_active[manager] = False
            house.manager_heir[house.manager_heir == manager] = team[0]
            mine = np.flatnonzero((owners.manager == manager) & (owners.until == NONE))
            _hand_over(world, mine, rng.choice(team, len(mine)), world.span.first)


def _hand_over(world: World, rows: Array, successor: Array, day: int) -> None:
    owners = world.ownerships
    following = owners.take(rows)
    owners.until[rows] = day
    following.start[:], following.manager[:], following.until[:] = day, successor, NONE
    owners.append(following)
