"""What is offered with an order does something in the twin, as far as its customers heed it, and costs what it costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from twin import TwinConfig
from twin.books.master import customer_ids, manager_ids
from twin.codes import NONE
from twin.diary import Request
from twin.generate import begin
from twin.respond.books import ORDER_FORM
from twin.truth.expected import expect_orders
from twin.truth.prospects import Prospects, foresee
from twin.world.offers import find_offered
from twin.world.state import World, in_net

OFFERS = (None, "F01", "F02")


@pytest.fixture(scope="module")
def world() -> World:
    """An operator on the eve of a month."""
    config = TwinConfig(voluntary_rate=0.05, offers_a_list=2)
    request = Request(services=1500, months=1, seed=5, through="2026-07", config=config)
    return begin(request, 679)


@pytest.fixture(scope="module")
def prospects(world: World) -> Prospects:
    return foresee(world)


def heeding(world: World, share: float) -> World:
    """The same world with customers who heed offers more or less."""
    return replace(world, config=replace(world.config, offer_heed=share))


def make_orders(world: World, list_name: str, offer_id: str | None) -> pa.Table:
    """An order of a list for every customer with a line, all with the same offer."""
    services = world.services
    rows = np.unique(services.customer[in_net(services)])
    size = len(rows)
    return pa.table(
        {
            "order_id": [f"o{row}" for row in rows],
            "list": [list_name] * size,
            "customer_id": customer_ids(rows),
            "service_id": pa.nulls(size, pa.string()),
            "manager_id": manager_ids(np.zeros(size, np.int64)),
            "amount": pa.nulls(size, pa.decimal128(18, 2)),
            "due_on": [date(2026, 8, 12)] * size,
            "offer_id": pa.array([offer_id] * size, pa.string()),
        }
    ).cast(ORDER_FORM)


def expect(world: World, prospects: Prospects, list_name: str, offer: str | None) -> pd.DataFrame:  # fmt: skip
    orders = make_orders(world, list_name, offer)
    found: pd.DataFrame = expect_orders(world, orders, prospects).to_pandas()
    return found


@pytest.mark.parametrize("list_name", ["churn_risk", "renewal", "vip_zero_usage"])
def test_who_heeds_offers_is_kept_by_them_and_who_does_not_only_takes_them(
    world: World, prospects: Prospects, list_name: str
) -> None:
    deaf = [
        expect(heeding(world, 0.0), prospects, list_name, offer) for offer in OFFERS
    ]
    for made in deaf[1:]:
        assert np.allclose(made["kept_year"], deaf[0]["kept_year"])
    heard = [
        expect(heeding(world, 1.0), prospects, list_name, offer) for offer in OFFERS
    ]
    kept = [made["kept_year"].sum() for made in heard]
    assert kept[0] < kept[1] < kept[2]
    costs = [(made["offered"] / made["reached"]).max() for made in heard]
    assert costs == pytest.approx([0, 15, 60])  # yuan: 3 months of 5, 6 months of 10


def test_which_offer_pays_hangs_on_what_there_is_to_lose(
    world: World, prospects: Prospects
) -> None:
    """Nothing pays for most, the cheap one for some, the dear one for who has most to lose; without heed none for anybody."""

    def find_best(share: float) -> pd.DataFrame:
        made = [expect(heeding(world, share), prospects, "churn_risk", offer) for offer in OFFERS]  # fmt: skip
        net = np.column_stack([each["kept_year"] - each["offered"] for each in made])
        return pd.DataFrame({"kept": made[0]["kept_year"], "best": net.argmax(axis=1)})

    best = find_best(1.2)
    mean = best.groupby("best")["kept"].mean()
    assert set(mean.index) == {0, 1, 2}
    assert mean[0] < mean[1] < mean[2]
    assert (best["best"] == 0).mean() > 0.5  # most have little to lose
    assert (find_best(0.0)["best"] == 0).all()


def test_nobody_is_driven_further_away_by_an_offer(world: World, prospects: Prospects) -> None:  # fmt: skip
    plain = expect(heeding(world, 1.0), prospects, "churn_risk", None)
    offered = expect(heeding(world, 1.0), prospects, "churn_risk", "F02")
    driven = plain["kept"] < 0
    assert driven.any()
    alone = world.customers.group == NONE
    assert alone.any()
    assert (offered["kept"] >= plain["kept"] - 1e-9).all()


def test_an_offer_that_nobody_has_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="never had an offer F09"):
        find_offered(world.config, ["churn_risk"], ["F09"])
