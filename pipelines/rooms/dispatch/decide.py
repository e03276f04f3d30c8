"""May we, and who works it.

Every customer of every list, the first list that may have them, and the why-nots.

Nothing here counts places. `gather_eligibility` gathers the facts, `find_wanted_orders` gives the
order each customer would get if there were room, `capacity` chooses among those, and
`decide_orders` says of every list and customer what became of it.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import NamedTuple

from pipelines.catalogue.outputs import find_prior_persuadability
from pipelines.catalogue.spec import Spec
from pipelines.rooms.context import Context
from pipelines.rooms.made_rows import make_schema, take_made_rows
from pipelines.rooms.relations import Relation, run_step

ROOM = "dispatch"
OFFERS = "snapshot_offer"
_LIST_FACT = make_schema(
    list="VARCHAR",
    place="INTEGER",
    purpose="VARCHAR",
    assign="VARCHAR",
    is_scored="BOOLEAN",
    stops_on_complaint="BOOLEAN",
    is_held_out="BOOLEAN",
    cools_down="BOOLEAN",
    is_minimum="BOOLEAN",
    is_remembered="BOOLEAN",
    is_paused="BOOLEAN",
    probability="DOUBLE",
    persuadability="DOUBLE",
    renewal="DOUBLE",
)


class ListFact(NamedTuple):
    """What a list's front matter says of who may be asked and what an order is worth.

    `place` is its turn; `renewal` is the chance that an order brings about a renewal that would not
    have come.
    """

    list: str
    place: int
    purpose: str
    assign: str
    is_scored: bool
    stops_on_complaint: bool
    is_held_out: bool
    cools_down: bool
    is_minimum: bool
    is_remembered: bool
    is_paused: bool
    probability: float
    persuadability: float
    renewal: float


def take_list_facts(
    context: Context, specs: Sequence[Spec], paused: Container[str] = ()
) -> Relation:
    """Take in what the front matter of the lists says, in the order of their priority.

    `paused` are the lists of which nobody is asked.
    """
    rows = []
    for place, spec in enumerate(specs):
        fact = _read_list_fact(place, spec, spec.name in paused)
        rows.append(fact._asdict())
    return take_made_rows(context, "list_fact", rows, _LIST_FACT)


def _read_list_fact(place: int, spec: Spec, is_paused: bool) -> ListFact:
    """Take from the front matter of a list what decides; what it leaves out is the usual."""
    meta = spec.meta
    prior = meta.get("prior", {})
    return ListFact(
        list=spec.name,
        place=place,
        purpose=meta["purpose"],
        assign=meta.get("assign", "manager"),
        is_scored=bool(meta.get("scored")),
        stops_on_complaint=meta["purpose"] in ("marketing", "debt"),
        is_held_out=bool(meta["holdout"]),
        cools_down=meta["purpose"] != "debt",
        is_minimum=bool(meta.get("minimum")),
        is_remembered=bool(meta.get("remember")),
        is_paused=is_paused,
        probability=float(prior.get("probability", 1)),
        persuadability=find_prior_persuadability(spec),
        renewal=float(prior.get("renewal", 0)),
    )


def gather_eligibility(
    context: Context, candidates: Relation, list_facts: Relation
) -> Relation:
    """Return a row a list and customer with every fact that decides.

    Where the operator delivers offers, each has the one by which an order is worth most.
    """
    settings = context.settings
    recent = run_step(
        context,
        ROOM,
        "recent_orders",
        {"dispatch_on": context.dispatch_on, "days": settings.cool_down_days},
    )
    by_value = settings.places_go_by == "value"
    eligibility = run_step(
        context,
        ROOM,
        "eligibility",
        {
            "horizon": settings.value_horizon_months,
            "cost": settings.contact_cost,
            "by_value": by_value,
        },
        candidate=candidates,
        list_fact=list_facts,
        recent_order=recent,
    )
    if not context.is_computed(OFFERS):
        return eligibility
    return run_step(
        context,
        ROOM,
        "with_offers",
        {"cost": settings.contact_cost, "by_value": by_value},
        eligibility=eligibility,
    )


def find_wanted_orders(context: Context, eligibility: Relation) -> Relation:
    """Return a row a customer who may have an order: that of the first list that may have them."""
    return run_step(context, ROOM, "wanted_orders", eligibility=eligibility)


def decide_orders(
    context: Context, eligibility: Relation, manager_orders: Relation
) -> Relation:
    """Return for every list and customer an arm, a why-not, or both for the held-out.

    `manager_orders` (list, customer_id, manager_id) are the wanted orders that have a manager's
    place.
    """
    granted = run_step(
        context,
        ROOM,
        "with_branch_orders",
        eligibility=eligibility,
        manager_order=manager_orders,
    )
    held_out = run_step(
        context,
        ROOM,
        "held_out",
        {
            "by_value": context.settings.places_go_by == "value",
            "duties_take_places": context.settings.duties_take_places,
        },
        eligibility=eligibility,
        granted_order=granted,
    )
    return run_step(
        context,
        ROOM,
        "decisions",
        eligibility=eligibility,
        granted_order=granted,
        held_out=held_out,
    )
