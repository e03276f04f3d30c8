"""Lay out the house, and give each customer an owner over time."""

import math

import numpy as np

from twin.codes import CLAIM_LISTS, DIRECT_SALES, GROUP, GROUP_ROLE, NONE, VIP_ROLE
from twin.config import TwinConfig
from twin.world.contact import contact_days, fork, has_order, raised
from twin.world.rows import Array, Ownerships
from twin.world.state import Organisation, World, stream

SMALLEST_BRANCHES = 4
SPECIAL_ROLES = (
    VIP_ROLE,
    VIP_ROLE,
    GROUP_ROLE,
)  # of each branch, beside the managers of its units


def build_organisation(config: TwinConfig, services: int, seed: int) -> Organisation:
    """Lay out branches, units and managers for about so many services."""
    branches = max(SMALLEST_BRANCHES, round(services / config.services_per_branch))
    units = max(2, round(services / branches / config.services_per_unit))
    unit_branch = np.repeat(np.arange(branches), units)
    per_unit = max(
        1, round(services / 1.75 / len(unit_branch) / config.customers_per_manager)
    )
    direct = np.repeat(np.arange(len(unit_branch)), per_unit)
    special = np.repeat(np.arange(branches), len(SPECIAL_ROLES))
    retired = max(1, len(direct) // 40)  # they left, and own nobody
    branch = np.concatenate(
        [unit_branch[direct], special, np.arange(retired) % branches]
    )
    rng = stream(seed, 0, "organisation")
    return Organisation(
        unit_branch=unit_branch,
        manager_branch=branch,
        manager_unit=np.concatenate([direct, np.full(len(special) + retired, NONE)]),
        manager_role=np.concatenate(
            [
                np.full(len(direct), DIRECT_SALES),
                np.tile(SPECIAL_ROLES, branches),
                np.full(retired, DIRECT_SALES),
            ]
        ),
        manager_capacity=rng.integers(
            config.capacity_low, config.capacity_high + 1, len(branch)
        ),
        manager_is_active=np.arange(len(branch)) < len(direct) + len(special),
        manager_heir=np.arange(len(branch)),
        branches=branches,
    )


def pick_units(
    organisation: Organisation, branch: Array, rng: np.random.Generator
) -> Array:
    """Draw a unit of each branch."""
    per_branch = len(organisation.unit_branch) // organisation.branches
    return branch * per_branch + rng.integers(0, per_branch, len(branch))


def pick_managers(world: World, index: Array, rng: np.random.Generator) -> Array:
    """Draw a manager for each customer: groups and VIPs have their own, others one of their unit."""
    house, customers = world.organisation, world.customers
    direct = int((house.manager_unit >= 0).sum())
    per_unit = direct // len(house.unit_branch)
    unit = customers.unit[index]
    plain = unit * per_unit + rng.integers(0, per_unit, len(index))
    special = direct + customers.branch[index] * len(SPECIAL_ROLES)
    is_group, is_vip = customers.kind[index] == GROUP, customers.tier[index] > 0
    chosen = np.where(
        is_group,
        special + 2,
        np.where(is_vip, special + rng.integers(0, 2, len(index)), plain),
    )
    return np.asarray(house.manager_heir[chosen])


def own_customers(world: World, index: Array, unclaimed_share: float) -> None:
    """Open the first ownership of new customers; some without manager, some without unit."""
    rng, customers = world.random("own"), world.customers
    manager = pick_managers(world, index, rng)
    unclaimed = rng.random(len(index)) < unclaimed_share
    without_unit = unclaimed & (rng.random(len(index)) < 0.3)
    world.ownerships.append(
        Ownerships.build(
            len(index),
            customer=index,
            start=customers.joined_on[index],
            until=NONE,
            branch=customers.branch[index],
            unit=np.where(without_unit, NONE, customers.unit[index]),
            manager=np.where(unclaimed, NONE, manager),
        )
    )


def hand_over_vips(world: World) -> None:
    """Give the first VIPs to the VIP managers of their branch, as if it had always been so."""
    owners, rng = world.ownerships, world.random("hand over")
    rows = np.flatnonzero(
        (world.customers.tier[owners.customer] > 0) & (owners.manager != NONE)
    )
    owners.manager[rows] = pick_managers(world, owners.customer[rows], rng)


def change_owners(world: World) -> None:
    """Claim some of the unclaimed and move some customers to another manager; history is kept."""
    rng, config, owners = world.random("owners"), world.config, world.ownerships
    current = (owners.until == NONE) & (owners.start < world.span.first)
    unclaimed, draw = owners.manager == NONE, rng.random(len(owners))
    chance = np.where(unclaimed, config.claim_rate, config.move_rate)
    asked = current & unclaimed & has_order(world, CLAIM_LISTS)[owners.customer]
    talked_to = current & (draw < raised(chance, config.claim_lift, asked))
    closes = fork(
        world, "changes_hands", current & (draw < chance), talked_to, owners.customer
    )
    _note_claims(world, unclaimed)
    closing = np.flatnonzero(closes)
    day = world.span.first + rng.integers(0, world.span.days, len(closing))
    worked = asked[closing] & (draw[closing] >= chance[closing])
    day = np.where(worked, contact_days(world)[owners.customer[closing]], day)
    owners.until[closing] = day
    _move_some(world, owners.customer[closing], rng)
    _open_next(world, owners.customer[closing], day, rng)


def _note_claims(world: World, unclaimed: Array) -> None:
    """Note who has a manager at the cut-off, without a contact and with one."""
    if world.contacts is None:
        return
    owners, has_one = world.ownerships, newest_manager(world) != NONE
    claims = world.happened.forks["changes_hands"].branches
    fork(
        world,
        "claimed",
        *(_with(has_one, owners.customer[unclaimed & claim]) for claim in claims),
    )


def _with(mask: Array, index: Array) -> Array:
    more = mask.copy()
    more[index] = True
    return more


def _move_some(world: World, index: Array, rng: np.random.Generator) -> None:
    """Send a tenth of the movers to another branch."""
    customers, house = world.customers, world.organisation
    away = index[rng.random(len(index)) < 0.1]
    customers.branch[away] = (customers.branch[away] + 1) % house.branches
    customers.unit[away] = pick_units(house, customers.branch[away], rng)


def _open_next(
    world: World, index: Array, day: Array, rng: np.random.Generator
) -> None:
    customers = world.customers
    world.ownerships.append(
        Ownerships.build(
            len(index),
            customer=index,
            start=day,
            until=NONE,
            branch=customers.branch[index],
            unit=customers.unit[index],
            manager=pick_managers(world, index, rng),
        )
    )


def newest_manager(world: World) -> Array:
    """Give each customer's present manager, NONE where unclaimed."""
    manager = np.full(len(world.customers), NONE)
    current = world.ownerships.until == NONE
    manager[world.ownerships.customer[current]] = world.ownerships.manager[current]
    return manager


def expected_groups(config: TwinConfig, services: int) -> int:
    """Say how many groups an operator of this size has."""
    return max(3, math.ceil(services / config.services_per_group))
