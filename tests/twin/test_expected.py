"""What orders do on average is what they do, over many months that begin alike and are lived by other luck."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from twin import TwinConfig
from twin.books.master import customer_ids, manager_ids, service_ids
from twin.codes import (
    DEBT_LISTS,
    GROUP_LISTS,
    LISTS,
    NONE,
    PRE_TERMINATED,
    SUSPENDED_ARREARS,
)
from twin.diary import Request
from twin.generate import begin, live_month
from twin.respond.books import ORDER_FORM
from twin.truth.expected import expect_orders
from twin.world.rows import Array
from twin.world.state import World, in_net, stream

MONTHS = 60
ERRORS = 4.5  # standard errors of the mean over the months lived
# Much of everything, so that a few months show it.
CONFIG = TwinConfig(
    voluntary_rate=0.15,
    pre_terminated_share=0.3,
    payer_shares=(0.1, 0.3, 0.3, 0.3),
    treated_factors=(0.3, 0.9, 1.8),
    worked_share=0.8,
    bounce_rate=0.0,
    offers_a_list=2,
    offer_heed=1.0,
)


@pytest.fixture(scope="module")
def world() -> World:
    """An operator on the eve of a month."""
    request = Request(services=1500, months=1, seed=3, through="2026-07", config=CONFIG)
    return begin(request, 679)


def make_orders(world: World) -> pa.Table:
    """An order for everybody, of a list that has something to do with them; every second may offer something."""
    services = world.services
    size = len(world.customers)
    by = np.array(["churn_risk", "points_redemption", "renewal"], object)[
        np.arange(size) % 3
    ]
    by[services.customer[services.status == PRE_TERMINATED]] = "termination_save"
    owes = world.bills.customer[world.bills.open > 0]
    by[owes[owes % 2 == 0]] = "arrears"
    by[services.customer[services.status == SUSPENDED_ARREARS]] = (
        "suspended_reactivation"
    )
    groups = np.flatnonzero(world.customers.kind == 1)
    by[groups] = "group_zero_usage"
    here = np.zeros(size, bool)
    here[services.customer[in_net(services) | (services.status == PRE_TERMINATED)]] = (
        True
    )
    here[groups] = True
    here[world.customers.group >= 0] = False  # they are reached by their group's order
    rows = np.flatnonzero(here)
    managers = rows % len(world.organisation.manager_branch)
    return pa.table(
        {
            "order_id": [f"o{row}" for row in rows],
            "list": by[rows].tolist(),
            "customer_id": customer_ids(rows),
            "service_id": service_ids(np.full(len(rows), NONE)),
            "manager_id": manager_ids(managers),
            "amount": pa.array([Decimal(100)] * len(rows), pa.decimal128(18, 2)),
            "due_on": [date(2026, 8, 10 + row % 15) for row in rows],
            "offer_id": [
                "F01" if row % 2 and by[row] in CONFIG.retention_strength else None
                for row in rows
            ],
        }
    ).cast(ORDER_FORM)


def live(world: World, orders: pa.Table, turn: int) -> dict[str, Array]:
    """Live the month after by other luck, and return by order what a contact kept and paid, yuan."""
    world = deepcopy(world)
    services = world.services
    rng = np.random.default_rng(turn)
    services.fate = rng.random(len(services), np.float32)
    services.will_leave = services.fate < services.voluntary_hazard
    services.will_be_cut = rng.random(len(services)) < services.involuntary_hazard
    bills = world.happened.bills
    revenue = np.zeros(len(services))
    np.add.at(revenue, bills.service, (bills.billed + bills.credit) / 100)
    lines = len(services)

    answer = live_month(world, world.span.number + 1, orders)
    assert answer is not None and world.contacts is not None
    without, contacted = (
        branch[:lines].astype(float)
        for branch in world.happened.forks["stays"].branches
    )
    owner = services.customer[:lines]
    is_reached = world.contacts.is_reached[owner]
    more = (contacted - without) * is_reached * revenue[:lines]
    at = np.full(len(world.customers), NONE)
    given = answer.orders
    at[given.customer] = np.arange(len(given))
    group = world.customers.group
    at = np.where(group != NONE, at[group], at)
    kept = np.zeros(len(given))
    has_order = at[owner] != NONE
    np.add.at(kept, at[owner][has_order], more[has_order])
    alone, asked = (
        branch[given.customer].astype(float)
        for branch in world.happened.forks["pays"].branches
    )
    is_debt = np.isin(given.by, [LISTS.index(name) for name in DEBT_LISTS])
    paid = (asked - alone) * answer.work.is_reached * is_debt * given.amount / 100
    return {
        "worked": answer.work.is_worked.astype(float),
        "reached": answer.work.is_reached.astype(float),
        "kept": kept,
        "paid": paid,
    }


def test_the_expectation_is_the_mean_of_what_happens(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By list, and for each of the four figures."""
    orders = make_orders(world)
    expected = expect_orders(world, orders).to_pandas()
    lived = []
    for turn in range(MONTHS):
        monkeypatch.setattr(
            World,
            "random",
            lambda self, purpose, turn=turn: stream(
                self.seed + 1000 * (turn + 1), self.span.number, purpose
            ),
        )
        lived.append(live(world, orders, turn))
    for name in ("worked", "reached", "kept", "paid"):
        months = np.stack([one[name] for one in lived])
        for list_name, rows in expected.groupby("list", observed=True).indices.items():
            sums = months[:, rows].sum(axis=1)
            error = sums.std(ddof=1) / np.sqrt(MONTHS)
            truth = expected[name].to_numpy()[rows].sum()
            off = abs(truth - sums.mean())
            assert off <= ERRORS * error + 1e-9, (list_name, name, truth, sums.mean())


def test_the_world_stays_as_it_is(world: World) -> None:
    """Neither its month nor its luck moves on."""
    before = deepcopy(world)
    orders = make_orders(world)
    first = expect_orders(world, orders)
    assert expect_orders(world, orders).equals(first)
    assert world.span == before.span
    assert world.contacts is before.contacts is None
    assert np.array_equal(world.services.fate, before.services.fate)


def test_a_groups_order_is_about_its_members(world: World) -> None:
    """A group's order keeps its members' lines, but not those of a member with an order of their own."""
    orders = make_orders(world)
    frame = orders.to_pandas()
    groups = frame[frame["list"].isin(GROUP_LISTS)]
    alone = expect_orders(
        world, pa.Table.from_pandas(groups, ORDER_FORM, preserve_index=False)
    )
    kept = alone["kept"].to_numpy()
    assert (kept != 0).any()
    number = int(groups["customer_id"].iloc[int(np.argmax(np.abs(kept)))]) - 10_001
    members = np.flatnonzero(world.customers.group == number)
    own = groups.head(len(members)).assign(
        list="card_issue",
        customer_id=customer_ids(members).to_pylist()[: len(groups)],
        order_id=[f"own{place}" for place in range(min(len(members), len(groups)))],
    )
    both = pa.concat_tables(
        [
            pa.Table.from_pandas(groups, ORDER_FORM, preserve_index=False),
            pa.Table.from_pandas(own, ORDER_FORM, preserve_index=False),
        ]
    )
    again = expect_orders(world, both).to_pandas()
    place = int(np.argmax(np.abs(kept)))
    assert abs(again["kept"][place]) < abs(kept[place])
