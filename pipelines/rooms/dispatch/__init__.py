"""Lists into orders: one order a customer, within capacity, some held out.

Everyone left out has a why-not.

A list says who and why. Whether a customer may be contacted is decided here, once for all lists, in
this order: do_not_contact, wrong_number, opted_out, complaint, harm, holdout, other_list,
cool_down, no_manager, capacity. The first that applies is the why-not.

`candidates` finds who is on each list, `decide` the first list that may have each customer,
`by_branch` has each branch give its places, `capacity` gives those of one, `assign` and `allocate`
are the two optimisations behind it, `write` says what came of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.catalogue.outputs import load_lists
from pipelines.catalogue.spec import Spec
from pipelines.rooms.context import Context
from pipelines.rooms.dispatch.by_branch import assign_managers
from pipelines.rooms.dispatch.candidates import (
    FIXED,
    ListedCustomers,
    find_lacks,
    find_paused,
    gather_candidates,
    unite_candidates,
)
from pipelines.rooms.dispatch.decide import (
    decide_orders,
    find_wanted_orders,
    gather_eligibility,
    take_list_facts,
)
from pipelines.rooms.dispatch.holdout import draw_holdout
from pipelines.rooms.dispatch.stand_ins import bind_stand_ins
from pipelines.rooms.dispatch.write import (
    Outcome,
    write_carried,
    write_endings,
    write_ever_listed,
    write_offers,
    write_outcome,
    write_segments,
)
from pipelines.rooms.relations import Relation, run_step

__all__ = [
    "FIXED",
    "dispatch_beside",
    "find_lacks",
    "find_paused",
    "gather_candidates",
    "run",
]


def run(context: Context, specs: Sequence[Spec] | None = None) -> None:
    """Write the tables of the room, from `dispatch_order` to `dispatch_capacity`.

    `specs` are the lists in the order of their priority; without them, all that the catalogue has.
    """
    context.engine.spreads = True
    specs = load_lists() if specs is None else specs
    paused = find_paused(context)
    listed = [gather_candidates(context, spec, paused) for spec in specs]
    ready = [one for one in listed if one.state.is_ready]
    ready_specs = [one.spec for one in ready]
    candidates = unite_candidates(context, ready)
    list_facts = take_list_facts(context, ready_specs, paused)
    bind_stand_ins(context)
    write_segments(context, candidates, list_facts)
    draw_holdout(context, candidates, list_facts)
    eligibility = gather_eligibility(context, candidates, list_facts)
    context.progress("dispatch_capacity")
    decisions = _decide(context, eligibility)
    states = [one.state for one in listed]
    outcome = Outcome(
        specs=ready_specs,
        states=states,
        candidates=candidates,
        list_facts=list_facts,
        decisions=decisions,
    )
    write_outcome(context, outcome)
    write_offers(context, eligibility, decisions)
    write_ever_listed(context, candidates, list_facts)
    write_endings(context, decisions)
    write_carried(context, decisions, take_list_facts(context, specs))


def dispatch_beside(
    context: Context, listed: ListedCustomers, standing: Relation
) -> None:
    """Write the tables of the room for one list beside the orders of the month that stand already.

    `standing` (customer_id, list) are those orders: whoever has one gets no second, and a why-not
    that names its list.
    """
    ready = [listed] if listed.state.is_ready else []
    on_the_list = unite_candidates(context, ready)
    candidates = run_step(
        context,
        "dispatch",
        "without_standing",
        listed=on_the_list,
        standing_order=standing,
    )
    specs = [one.spec for one in ready]
    list_facts = take_list_facts(context, specs, find_paused(context))
    bind_stand_ins(context)
    eligibility = gather_eligibility(context, candidates, list_facts)
    decided = _decide(context, eligibility)
    decisions = run_step(
        context,
        "dispatch",
        "with_standing",
        decision=decided,
        listed=on_the_list,
        standing_order=standing,
    )
    outcome = Outcome(
        specs=[listed.spec],
        states=[listed.state],
        candidates=candidates,
        list_facts=list_facts,
        decisions=decisions,
    )
    write_outcome(context, outcome)


def _decide(context: Context, eligibility: Relation) -> Relation:
    """Give the places there are, and return what became of every list and customer."""
    wanted = find_wanted_orders(context, eligibility)
    manager_orders = assign_managers(context, wanted)
    return decide_orders(context, eligibility, manager_orders)
