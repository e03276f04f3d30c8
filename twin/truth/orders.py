"""Write the truth of a month's orders: what they changed, order by order and list by list."""

import numpy as np
import pyarrow as pa

from twin import codes
from twin.books.master import customer_ids, manager_ids, service_ids
from twin.codes import LISTS, NONE
from twin.respond.answer import Answer
from twin.respond.outcomes import judge, judge_staying
from twin.world.rows import Array, Orders
from twin.world.state import World
from twin.writer import boolean, date, text


def order_truth(world: World, answer: Answer) -> pa.Table:
    """Tell of each order what happened and what would have, without a contact and with one on the planned day."""
    orders, work, told = answer.orders, answer.work, answer.told
    assert told is not None
    aim, stay = judge(world, orders, work), judge_staying(world, orders, work)
    hazards = [_chance_to_lose(world, orders, chance) for chance in answer.hazards]
    return pa.table(
        {
            "order_id": pa.array(orders.order_id.tolist(), pa.string()),
            "list": text(LISTS, orders.by),
            "customer_id": customer_ids(orders.customer),
            "service_id": service_ids(orders.service),
            "manager_id": manager_ids(orders.manager),
            "is_worked": boolean(work.is_worked),
            "is_reached": boolean(work.is_reached),
            "contact_on": date(work.day),
            "outcome": text(codes.OUTCOMES, told.code),
            "is_false_claim": boolean(told.is_false),
            "persuasion": text(
                codes.PERSUASIONS, world.customers.persuasion[orders.customer]
            ),
            "hazard_untreated": hazards[0],
            "hazard_if_contacted": hazards[1],
            "stays_untreated": boolean(stay.without),
            "stays_if_contacted": boolean(stay.contacted),
            "stays": boolean(stay.happened),
            "succeeds_untreated": boolean(aim.without),
            "succeeds_if_contacted": boolean(aim.contacted),
            "succeeds": boolean(aim.happened),
        }
    )


def _chance_to_lose(world: World, orders: Orders, hazard: Array) -> Array:
    """Give the chance that an order's line leaves, or all lines of its customer, of their own will."""
    owner, all_leave = (
        world.services.customer[: len(hazard)],
        np.ones(len(world.customers)),
    )
    running = np.flatnonzero(hazard > 0)
    np.multiply.at(all_leave, owner[running], hazard[running])
    has_line = np.bincount(owner[running], minlength=len(all_leave)) > 0
    by_customer = np.where(has_line, all_leave, 0.0)
    return np.where(
        orders.service != NONE, hazard[orders.service], by_customer[orders.customer]
    )


def list_effects(table: pa.Table) -> pa.Table:
    """Sum the orders' truth up by list: counts, and the differences that the orders and full reach make."""
    rows = []
    for name in LISTS:
        mine = table.filter(
            pa.array(np.array(table["list"].to_pylist(), dtype=object) == name)
        )
        if len(mine):
            rows.append({"list": name, "orders": len(mine), **_shares(mine)})
    return pa.Table.from_pylist(rows)


def _shares(table: pa.Table) -> dict[str, float | int]:
    mean = {
        name: float(np.mean(table[name].to_numpy(zero_copy_only=False)))
        for name in table.column_names
        if _is_flag(name)
    }
    hazards = [
        table[name].to_numpy() for name in ("hazard_untreated", "hazard_if_contacted")
    ]
    reached = table["is_reached"].to_numpy(zero_copy_only=False)
    fall = np.where(reached, hazards[0] - hazards[1], 0.0)
    return {
        "worked": int(np.sum(table["is_worked"].to_numpy(zero_copy_only=False))),
        "reached": int(np.sum(reached)),
        "false_claims": int(
            np.sum(table["is_false_claim"].to_numpy(zero_copy_only=False))
        ),
        "stay_rate": mean["stays"],
        "stay_effect": mean["stays"] - mean["stays_untreated"],
        "stay_effect_if_all_reached": mean["stays_if_contacted"]
        - mean["stays_untreated"],
        "expected_stay_effect": float(fall.mean()),
        "success_rate": mean["succeeds"],
        "success_effect": mean["succeeds"] - mean["succeeds_untreated"],
        "success_effect_if_all_reached": mean["succeeds_if_contacted"]
        - mean["succeeds_untreated"],
    }


def _is_flag(name: str) -> bool:
    return name.startswith(("stays", "succeeds"))
