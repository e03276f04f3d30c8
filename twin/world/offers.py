"""What the operator has to offer, what it believes that does, and what it does."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from twin.config import TwinConfig
from twin.world.rows import Array


class Offer(NamedTuple):
    """An offer of a list; money in fen. `lift` is how much more an order does with it, as the operator believes."""

    id: str
    list: str
    monthly_fen: int
    months: int
    lift: float
    lowest_fen: int | None
    contract_state: str | None


def list_offers(config: TwinConfig) -> list[Offer]:
    """Return what may be offered: for each list about staying, the dearer the longer and the more it does."""
    offers = []
    for name, strength in config.retention_strength.items():
        for place in range(config.offers_a_list):
            offers.append(
                Offer(
                    id=f"F{place + 1:02d}",
                    list=name,
                    monthly_fen=500 * (place + 1),
                    months=3 * (place + 1),
                    lift=round(0.5 * (place + 1) * strength, 2),
                    lowest_fen=3_000 * place or None,
                    contract_state="free" if place == 0 else None,
                )
            )
    return offers


class Offered(NamedTuple):
    """By order how much more it does by its offer, in truth, and what the offer costs if it is taken, fen."""

    lift: Array
    offer_cost: Array


def find_offered(
    config: TwinConfig, lists: Sequence[str], offer_ids: Sequence[str | None]
) -> Offered:
    """Return what goes out with each order. Raises ValueError for an offer nobody has."""
    known = {(offer.list, offer.id): offer for offer in list_offers(config)}
    lifts = np.zeros(len(lists))
    costs = np.zeros(len(lists), np.int64)
    for place, key in enumerate(zip(lists, offer_ids, strict=True)):
        name, offer_id = key
        if offer_id is None:
            continue
        offer = known.get((name, offer_id))
        if offer is None:
            raise ValueError(f"this twin never had an offer {offer_id} of {name}")
        lifts[place] = config.offer_heed * offer.lift
        costs[place] = offer.monthly_fen * offer.months
    return Offered(lifts, costs)
