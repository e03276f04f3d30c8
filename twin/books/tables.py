"""Name the contract's tables, and draw all of a month."""

from collections.abc import Iterator

import pyarrow as pa

from twin.books import accounts, events, master, office
from twin.world.state import World, listed, present

TABLES = (
    "customer", "service", "plan", "bill", "adjustment", "receivable", "payment", "prepaid_balance", "usage",
    "ownership", "organisation", "account_manager", "vip_card", "loyalty", "trouble_ticket", "plan_change",
    "status_change", "activity", "activity_guest", "survey_answer", "target", "appraisal_input", "expense_claim",
    "offer",  # only where a parameter of the twin asks for it
)  # fmt: skip


def draw_tables(world: World) -> Iterator[tuple[str, pa.Table]]:
    """Draw the month's tables one after the other, so that one at a time is in memory."""
    shown = present(world)
    yield "customer", master.customer_table(world, shown)
    yield "service", master.service_table(world, listed(world))
    yield "plan", master.plan_table()
    yield "organisation", master.organisation_table(world)
    yield "account_manager", master.manager_table(world)
    yield "ownership", master.ownership_table(world, shown)
    yield "bill", accounts.bill_table(world)
    yield "adjustment", accounts.adjustment_table(world)
    yield "receivable", accounts.receivable_table(world)
    yield "payment", accounts.payment_table(world)
    yield "prepaid_balance", accounts.prepaid_table(world, shown)
    yield "usage", events.usage_table(world)
    yield "plan_change", events.plan_change_table(world)
    yield "status_change", events.status_change_table(world)
    yield "trouble_ticket", events.ticket_table(world)
    yield "vip_card", events.card_table(world, shown)
    yield "loyalty", events.loyalty_table(world, shown)
    yield "activity", events.activity_table(world)
    yield "activity_guest", events.guest_table(world)
    yield "survey_answer", events.answer_table(world)
    yield "target", office.target_table(world)
    yield "appraisal_input", office.appraisal_table(world)
    yield "expense_claim", office.claim_table(world)
    if world.config.offers_a_list:
        yield "offer", office.offer_table(world)
